"""The log: one JSON object a line, without secrets."""

from __future__ import annotations

import json

import pytest

from runtime import log
from runtime.logic.requests import tickets


def test_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_error_is_logged_with_type_and_place_but_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of a library may carry a URL with its signature."""
    try:
        raise ValueError("https://bucket/key?X-Amz-Signature=topsecret")
    except ValueError as error:
        log.error("It failed", error)
    line = capsys.readouterr().out
    assert "ValueError" in line
    place = f"{__name__}.test_error_is_logged_with_type_and_place_but_without_its_message:"
    assert json.loads(line)["where"].startswith(place)
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
def test_values_that_look_secret_are_masked(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.info("Oops", value=value)
    logged = json.loads(capsys.readouterr().out)["value"]
    assert "[masked]" in logged
    assert "sig=" not in logged
    assert "ticket=" not in logged
