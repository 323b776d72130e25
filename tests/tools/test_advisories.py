"""The check of uv.lock against public advisories."""

from __future__ import annotations

import json
import subprocess
import textwrap
from datetime import date
from pathlib import Path

import pytest

from tools import advisories
from tools.advisories import Advisory, AdvisoryList

RANGES = [[{"introduced": "2.0.0"}, {"fixed": "2.0.6"}, {"introduced": "0"}, {"fixed": "1.26.17"}]]
LAST = [[{"introduced": "1.0"}, {"last_affected": "1.4"}]]
ADVISORY = """
id: PYSEC-1-1
aliases: [CVE-1-1]
affected:
- package: {ecosystem: PyPI, name: Requests}
  ranges:
  - type: ECOSYSTEM
    events: [{introduced: "0"}, {fixed: 9.5.0}]
"""


@pytest.mark.parametrize(
    ("version", "affected"),
    [("1.26.16", True), ("1.26.17", False), ("1.27", False), ("2.0.0", True), ("2.0.5", True), ("2.0.6", False)],
)
def test_a_version_is_affected_between_introduced_and_fixed(version: str, affected: bool) -> None:
    assert Advisory("A", "p", [], RANGES, []).affects(version) is affected


@pytest.mark.parametrize(("version", "affected"), [("0.9", False), ("1.4", True), ("1.4.1", False)])
def test_the_last_affected_version_is_affected(version: str, affected: bool) -> None:
    assert Advisory("A", "p", [], LAST, []).affects(version) is affected


def test_a_listed_version_is_affected() -> None:
    assert [Advisory("A", "p", [], [], ["1.0"]).affects(version) for version in ("1.0.0", "1.1")] == [True, False]


@pytest.mark.security
def test_a_vulnerable_version_in_the_lock_file_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(advisories, "locked_packages", lambda: [("urllib3", "2.0.5")])
    assert advisories.main([]) == 1
    assert "urllib3 2.0.5 is affected by PYSEC-2023-192, CVE-2023-43804" in capsys.readouterr().out


@pytest.mark.security
def test_no_locked_version_is_affected(capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.main([]) == 0, capsys.readouterr().out


def test_the_check_prints_the_age_of_its_list_and_unlisted_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(advisories, "locked_packages", lambda: [("requests", "9"), ("brand-new", "1")])
    stored = AdvisoryList(date(2020, 1, 1), ["requests"], [])
    monkeypatch.setattr(AdvisoryList, "load", lambda: stored)
    assert advisories.main([]) == 0
    output = capsys.readouterr().out
    assert "advisories of 2020-01-01 (" in output
    assert "not checked: brand-new" in output


def test_every_package_of_a_registry_in_the_lock_file_is_checked() -> None:
    packages = dict(advisories.locked_packages())
    assert {"urllib3", "pulumi", "zizmor"} <= set(packages)
    assert "async-download" not in packages


def test_refresh_writes_the_advisories_of_a_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    database, stored = tmp_path / "database", tmp_path / "advisories.json"
    for name in ("requests", "unrelated"):
        (database / "vulns" / name).mkdir(parents=True)
        (database / "vulns" / name / "PYSEC-1-1.yaml").write_text(ADVISORY, encoding="utf-8")
    (database / "vulns" / "requests" / "PYSEC-1-2.yaml").write_text(
        ADVISORY + "withdrawn: 2020-01-01T00:00:00Z\n", encoding="utf-8"
    )
    commit(database)
    monkeypatch.setattr(advisories, "LIST", stored)
    assert advisories.main(["--refresh", str(database)]) == 0
    content = json.loads(stored.read_text(encoding="utf-8"))
    assert content["date"] == "2025-02-03"
    events = [{"introduced": "0"}, {"fixed": "9.5.0"}]
    assert content["advisories"] == [
        {"id": "PYSEC-1-1", "package": "requests", "aliases": ["CVE-1-1"], "ranges": [events], "versions": []}
    ]


@pytest.mark.security
def test_zizmor_refuses_a_workflow_that_runs_text_of_a_pull_request(tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        textwrap.dedent("""
            name: CI
            on: pull_request_target
            jobs:
              test:
                runs-on: ubuntu-24.04
                steps:
                  - run: echo "${{ github.event.pull_request.title }}"
        """),
        encoding="utf-8",
    )
    command = [".venv/bin/zizmor", "--offline", "--quiet", "--persona", "auditor", str(workflow)]
    assert " ".join(command[1:5]) in (advisories.TOP / "Makefile").read_text(encoding="utf-8")
    output = subprocess.run(command, cwd=advisories.TOP, capture_output=True, text=True, check=False)
    assert output.returncode != 0
    assert "template-injection" in output.stdout + output.stderr


def commit(folder: Path) -> None:
    """Commit a folder with a fixed date."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    environment = {
        "GIT_COMMITTER_DATE": "2025-02-03T12:00:00Z",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "PATH": "/usr/bin:/bin",
    }
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=environment)
