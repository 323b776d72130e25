"""Files that hold keys are for one user only, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.outputs_file import published
from localcloud.private_files import create_directory, open_log, write_whole

pytestmark = pytest.mark.security

OUTPUTS = {"awsEndpoint": "http://127.0.0.1:9", "accessKeyId": "LOCALKEY"}


@pytest.fixture(autouse=True, params=[0o000, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    request.getfixturevalue("tmp_path")  # is created before, so that a user other than root may write there
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "word"
    path.mkdir()
    path.chmod(0o777)
    return path


def test_outputs_are_for_their_owner(directory: Path) -> None:
    with published(OUTPUTS, directory):
        assert mode(directory / "outputs.json") == 0o600
        assert [path.name for path in directory.iterdir()] == ["outputs.json"]


def test_outputs_replace_a_file_that_everybody_reads(directory: Path) -> None:
    path = directory / "outputs.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o666)
    with path.open(encoding="utf-8") as held:
        with published(OUTPUTS, directory):
            assert (mode(path), held.read()) == (0o600, "{}")
        assert not path.exists()


def test_a_draft_does_not_stay_when_it_cannot_be_written(directory: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_whole(directory / "outputs.json", "\ud800")
    assert list(directory.iterdir()) == []


def test_a_log_is_a_new_file_of_ours(directory: Path) -> None:
    target = directory / "target"
    target.write_text("untouched", encoding="utf-8")
    log = directory / "emulator.log"
    log.symlink_to(target)
    for _ in range(2):
        with open_log(log) as file:
            file.write(b"line")
        assert (mode(log), log.read_text(encoding="utf-8"), target.read_text(encoding="utf-8")) == (
            0o600,
            "line",
            "untouched",
        )
        log.chmod(0o666)


def test_a_directory_is_created_for_its_owner_and_one_that_is_there_stays(directory: Path) -> None:
    os.umask(0)
    create_directory(directory / "parent" / "inside")
    assert mode(directory / "parent" / "inside") == 0o700
    create_directory(directory)
    assert mode(directory) == 0o777
