"""Every request of every test is held against what AWS publishes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud import aws_request_checks

aws_request_checks.install()


@pytest.fixture(autouse=True)
def _right_requests() -> Iterator[None]:
    """Fail the test whose request AWS would refuse, even where the code under test swallows the error."""
    aws_request_checks.problems.clear()
    yield
    problems = sorted(set(aws_request_checks.problems))
    aws_request_checks.problems.clear()
    assert not problems, "\n".join(["AWS would refuse:", *problems])
