"""The log: one JSON object a line, without secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from runtime import log, steps
from runtime.errors import problem_of
from runtime.logic.requests import tickets
from runtime.models import Download
from tests.runtime.support.world import ARN, DOWNLOAD_ID, World


@pytest.fixture
def download(world: World) -> Download:
    world.put_download()
    return world.row


def only_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the only line that was logged."""
    (text,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(text))


def test_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    log.write(steps.SLICE_STOPPED, slice=3, reason="Stopped\nhere.")
    line = only_line(capsys)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "level": "INFO",
        "step": "sliceStopped",
        "message": "A slice is not needed any more",
        "slice": 3,
        "reason": "Stopped\nhere.",
    }


def test_field_without_a_value_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.write(steps.FIRST_BYTE, size=None, seconds=0)
    assert {"size", "seconds"} & set(only_line(capsys)) == {"seconds"}


def test_lines_of_a_call_describe_its_download(download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    log.start_call("r-1", "7")
    log.set_owner("iam:bob")
    log.set_download(download)
    log.write(steps.CLEANED_UP)
    line = only_line(capsys)
    assert [line[name] for name in (*steps.CALL_FIELDS, *steps.DOWNLOAD_FIELDS)] == [
        "r-1",
        "7",
        DOWNLOAD_ID,
        ARN,
        "reports",
        "a/b.csv",
        "iam:alice",
    ]


def test_next_call_forgets_the_download(download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    """Lambda handles the calls of other downloads in the same process."""
    log.start_call("r-1", "7")
    log.set_download(download)
    log.start_call("r-2")
    log.write(steps.CLEANED_UP)
    assert set(only_line(capsys)) == {"timestamp", "level", "step", "message", "requestId"}


def test_download_is_named_by_its_arn_until_it_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_execution(ARN)
    log.write(steps.CLEANED_UP)
    line = only_line(capsys)
    assert (line["downloadId"], line["executionArn"]) == (DOWNLOAD_ID, ARN)


@pytest.mark.security
def test_query_of_a_path_is_not_logged(download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    log.set_download(replace(download, path="a/b.csv?sv=2024&sig=topsecret"))
    log.write(steps.CLEANED_UP)
    assert only_line(capsys)["path"] == "a/b.csv"


def test_long_path_and_caller_are_whole_for_look_ups(download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    log.set_download(replace(download, path="p" * 2048, owner="iam:" + "o" * 2044))
    log.write(steps.PREPARING, reason="r" * 2048)
    line = only_line(capsys)
    assert (len(line["path"]), len(line["owner"]), len(line["reason"])) == (2048, 2048, 300)


@pytest.mark.security
def test_error_is_logged_with_type_and_place_but_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of a library may carry a URL with its signature."""
    try:
        raise ValueError("https://bucket/key?X-Amz-Signature=topsecret")
    except ValueError as error:
        log.problem(error, problem_of(error))
    text = capsys.readouterr().out
    line = json.loads(text)
    assert (line["step"], line["level"], line["errorType"]) == ("requestFailed", "ERROR", "ValueError")
    assert (line["code"], line["fault"], line["status"]) == ("INTERNAL", "internal", 500)
    place = f"{__name__}.test_error_is_logged_with_type_and_place_but_without_its_message:"
    assert line["where"].startswith(place)
    assert "topsecret" not in text


@pytest.mark.security
@pytest.mark.parametrize(
    "value",
    [
        "see https://host/path?sig=1",
        pytest.param(tickets.issue("a" * 32).text, id="a ticket"),
        "GET /download?ticket=xyz",
        "wss://a/b",
    ],
)
def test_values_that_look_secret_are_masked(download: Download, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.set_download(replace(download, owner=f"principal:{value}"))
    log.write(steps.PREPARING, reason=value)
    line = only_line(capsys)
    for logged in (line["reason"], line["owner"]):
        assert "[masked]" in logged
        assert "sig=" not in logged
        assert "ticket=" not in logged
