"""Every request of every test is held against what AWS publishes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from localcloud import aws_request_checks

aws_request_checks.install()


@pytest.fixture(scope="session", autouse=True)
def _shared_deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the workers of this run share the deployments of tests/components/support/harness.py."""
    with pytest.MonkeyPatch.context() as patch:
        if "PYTEST_XDIST_WORKER" in os.environ:
            folder = tmp_path_factory.getbasetemp().parent / "deployments"
            folder.mkdir(exist_ok=True)
            patch.setenv("SHARED_DEPLOYMENTS", str(folder))
        yield


@pytest.fixture(autouse=True)
def _right_requests() -> Iterator[None]:
    """Fail the test whose request AWS would refuse, even where the code under test swallows the error."""
    aws_request_checks.problems.clear()
    yield
    problems = sorted(set(aws_request_checks.problems))
    aws_request_checks.problems.clear()
    assert not problems, "\n".join(["AWS would refuse:", *problems])
