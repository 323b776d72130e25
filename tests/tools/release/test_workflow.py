"""The release workflow only runs commands that anyone can run, and only jobs without code of ours may publish."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.release import sbom
from tools.release.build import SUMS
from tools.release.packages import PACKAGES, TOP

TEXT = (TOP / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
PUBLISHING = {"attest", "pypi", "github"}


def uses(job: str) -> list[str]:
    """Return the actions of a job without their versions."""
    return [step["uses"].split("@")[0] for step in JOBS[job]["steps"] if "uses" in step]


def runs(job: str) -> list[str]:
    """Return the commands of a job."""
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_it_starts_with_a_tag_and_without_permissions() -> None:
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML reads `on` as true
    assert WORKFLOW["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_only_jobs_that_run_no_code_of_the_repository_may_write(job: str) -> None:
    permissions = set(JOBS[job]["permissions"].items())
    if job in PUBLISHING:
        assert "actions/checkout" not in uses(job)
        assert permissions != {("contents", "read")}
    else:
        assert permissions == {("contents", "read")}


def test_a_job_gets_no_permission_that_it_does_not_need() -> None:
    assert {job: JOBS[job]["permissions"] for job in PUBLISHING} == {
        "attest": {"attestations": "write", "id-token": "write"},
        "pypi": {"id-token": "write"},
        "github": {"contents": "write"},
    }
    assert JOBS["pypi"]["environment"] == "pypi"


def test_nothing_is_published_before_tests_and_attestations() -> None:
    needs = {job: set(_list(JOBS[job].get("needs", []))) for job in JOBS}
    assert needs == {
        "test": set(),
        "build": set(),
        "test-packages": {"build"},
        "attest": {"test", "test-packages"},
        "pypi": {"attest"},
        "github": {"pypi"},
    }


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_every_command_is_one_that_anyone_can_run() -> None:
    commands = [command for job in JOBS for command in runs(job)]
    ours = [command for command in commands if not command.startswith("gh release create ")]
    assert len(commands) - len(ours) == 1
    assert all(re.match(r"make (--silent )?[a-z-]+|bash \.ci/run$", command) for command in ours)
    assert {"release-check", "dist", "release-notes", "test-dist"} <= {
        word for command in ours for word in command.split()
    }


def test_an_expression_is_never_part_of_a_command() -> None:
    assert not [command for job in JOBS for command in runs(job) if "${{" in command]


def test_actions_are_pinned_by_commit_with_their_version() -> None:
    lines = [line.strip() for line in TEXT.splitlines() if "uses:" in line]
    assert len(lines) > 10
    assert [line for line in lines if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


def test_each_package_gets_an_attestation_of_its_own_bill() -> None:
    steps = [step["with"] for step in JOBS["attest"]["steps"] if step["uses"].startswith("actions/attest@")]
    bills = {step["subject-path"]: step["sbom-path"] for step in steps if "sbom-path" in step}
    assert bills == {
        f"dist/packages/{package.file_name}-*": f"dist/documents/{sbom.file_name(package)}" for package in PACKAGES
    }
    (provenance,) = [step["subject-path"].split() for step in steps if "sbom-path" not in step]
    assert provenance == ["dist/packages/*", "dist/documents/*.cdx.json"]


def test_pypi_gets_the_packages_alone_and_github_all_files() -> None:
    (download, publish) = JOBS["pypi"]["steps"]
    assert download["with"] == {"name": "packages", "path": "dist"}
    assert "with" not in publish
    (command,) = runs("github")
    for file in (
        "dist/packages/*",
        "dist/documents/*.cdx.json",
        "dist/documents/licences.md",
        f"dist/documents/{SUMS}",
    ):
        assert file in command
    assert "--verify-tag" in command
    assert "--notes-file dist/documents/release-notes.md" in command
