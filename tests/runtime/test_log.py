"""One JSON object a line, and nothing secret in it."""

from __future__ import annotations

import json

import pytest

from runtime import log
from runtime.logic.requests import tickets


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, level, message and fields."""
    log.info("Took an order", downloadId="abc", count=3)
    log.warning("Trying\nagain")
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "message": "Took an order",
        "downloadId": "abc",
        "count": 3,
    }
    assert json.loads(second)["message"] == "Trying\nagain"


def test_an_error_says_what_and_where_but_not_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's message may carry a URL with its signature."""
    try:
        raise ValueError("https://bucket/key?X-Amz-Signature=topsecret")
    except ValueError as error:
        log.error("It failed", error)
    line = capsys.readouterr().out
    assert "ValueError" in line
    assert f"{__name__}.test_an_error_says_what_and_where_but_not_its_message:" in json.loads(line)["where"]
    assert "topsecret" not in line


@pytest.mark.parametrize(
    "value",
    [
        "see https://host/path?sig=1",
        pytest.param(tickets.issue("a" * 32).text, id="a ticket"),
        "GET /download?ticket=xyz",
        "wss://a/b",
    ],
)
def test_what_looks_secret_is_masked(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last net, should a caller pass such a thing."""
    log.info("Oops", value=value)
    said = json.loads(capsys.readouterr().out)["value"]
    assert "[masked]" in said
    assert "sig=" not in said
    assert "ticket=" not in said
