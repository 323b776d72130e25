"""Few frames lie between a handler and AWS, and each says in a stack trace which module and step it is."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from runtime.adapters import aws
from tests.runtime.test_architecture import ROOT

MAX_FRAMES = 6
EVENT = json.loads((ROOT / "events" / "request_download.json").read_text(encoding="utf-8"))
ENVIRONMENT = {
    "DOWNLOADS_TABLE": "downloads",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:copy",
    "ORIGINS_FILE": "origins.json",
    "API_URL": "https://rest.example",
    "WEB_SOCKET_URL": "wss://socket.example",
    "DOWNLOAD_EXPIRES_SECONDS": "3600",
    "MAX_FILE_BYTES": "1000000",
    "MAX_DOWNLOADS_PER_CALLER": "0",
    "DAILY_BYTES_PER_CALLER": "0",
    "CORS_ORIGINS": "[]",
}


def runtime_frames() -> list[str]:
    """Return `module.function` of the frames of the runtime that called this, the handler first."""
    frames = []
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        module = frame.f_globals["__name__"]
        if module.startswith("runtime."):
            frames.append(f"{module}.{frame.f_code.co_name}")
    return frames[::-1]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[[Any], Any]:
    """Return a function that requests a download with a client whose `put_item` is given."""
    origins = tmp_path / "origins.json"
    origins.write_text(json.dumps({"reports": {"base_url": "https://reports.example.com/"}}), encoding="utf-8")
    for name, value in (ENVIRONMENT | {"ORIGINS_FILE": str(origins)}).items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("runtime.handlers.request_download")
    monkeypatch.setattr(module, "build_use_case", module.build_use_case.__wrapped__)

    def call(put_item: Any) -> Any:
        monkeypatch.setattr(aws, "client", lambda _service: type("Client", (), {"put_item": staticmethod(put_item)}))
        return module.handler(EVENT, None)

    return call


def test_a_conditional_put_takes_few_frames(call: Callable[[Any], Any]) -> None:
    frames: list[str] = []

    def put_item(**request: Any) -> None:
        assert "ConditionExpression" in request
        frames.extend(runtime_frames())
        raise RuntimeError

    call(put_item)
    assert len(frames) <= MAX_FRAMES, frames
    assert frames == [
        "runtime.handlers.boundary.handler",
        "runtime.handlers.request_download.handler",
        "runtime.logic.requests.request_download.run",
        "runtime.logic.requests.request_download._take",
        "runtime.adapters.downloads.create",
        "runtime.adapters.tables.send",
    ]


def test_the_log_names_module_and_function_of_each_frame(
    call: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def put_item(**_request: Any) -> None:
        raise RuntimeError("https://bucket/?signature")

    assert call(put_item)["statusCode"] == 500
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    functions = [place.rpartition(":")[0] for place in line["where"].split(" < ")]
    assert functions[1:4] == [
        "runtime.adapters.tables.send",
        "runtime.adapters.downloads.create",
        "runtime.logic.requests.request_download._take",
    ]
    assert line["errorType"] == "RuntimeError"


def test_no_object_of_the_runtime_is_called_like_a_function() -> None:
    """`copy.run()` names its step in a stack trace; `__call__` would not."""
    assert [
        path.name for path in (ROOT / "runtime").rglob("*.py") if "def __call__" in path.read_text(encoding="utf-8")
    ] == []
