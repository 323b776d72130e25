"""What one caller may cost: the largest file."""

from __future__ import annotations

import pytest

from integration_tests.support.settings import MAX_FILE_MB
from integration_tests.support.stack import Stack, unique

pytestmark = pytest.mark.security

TOO_LARGE = MAX_FILE_MB * 10**6 + 1


@pytest.mark.parametrize("options", ["", "length=no&ranges=no"], ids=["announced", "not announced"])
def test_a_file_above_the_limit_fails_and_leaves_nothing(strict_stack: Stack, options: str) -> None:
    download = strict_stack.request(unique(str(TOO_LARGE), options))
    with strict_stack.connect(download) as socket:
        message = socket.receive("ready", "failed", deadline=60)
    assert message["type"] == "failed"
    assert message["error"]["code"] == "FILE_TOO_LARGE"
    assert "maxFileMb" in message["error"]["message"]
    assert strict_stack.ended(download) == "FAILED"
    assert not strict_stack.has_object(download)


def test_a_request_for_a_size_above_the_limit_is_refused(strict_stack: Stack) -> None:
    answer = strict_stack.post(unique("1"), size=TOO_LARGE)
    assert (answer.status, answer.code) == (422, "FILE_TOO_LARGE")
    assert "maxFileMb" in answer.body["error"]["message"]
