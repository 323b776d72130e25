"""A build that cannot be made says why, and removes nothing of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.release import build
from tools.release.packages import ReleaseError


def test_a_folder_with_files_of_others_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"has other files, such as thesis.txt.*--out"):
        build.build(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_without_a_repository_the_error_of_git_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="git log failed"):
        build.build(tmp_path / "out", top=tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_command_prints_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--out", str(tmp_path / "out"), "--commit", "no-such-commit"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("git log failed")
    assert "no-such-commit" in printed.err


def test_checksums_name_files_without_their_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    sums = build.checksums([tmp_path / "a"])
    assert sums == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n"
