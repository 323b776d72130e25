"""`.localcloud/outputs.json` exists, complete, for as long as the stack runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from localcloud.errors import NotRunningError, UsageError
from localcloud.outputs_file import published, read_running, refuse_second

GONE = {"awsEndpoint": "http://127.0.0.1:9", "apiUrl": "http://127.0.0.1:9/x"}


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"services": {}}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def running() -> Iterator[dict[str, object]]:
    """Outputs of a stack that answers."""
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield {
            "awsEndpoint": f"http://127.0.0.1:{server.server_address[1]}",
            "apiUrl": "http://127.0.0.1/api",
            "accessKeyId": "k",
        }
        server.shutdown()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / ".localcloud"


@pytest.fixture
def path(directory: Path) -> Path:
    return directory / "outputs.json"


def test_it_is_there_for_as_long_as_the_stack(directory: Path, path: Path, running: dict[str, object]) -> None:
    with published(running, directory):
        assert json.loads(path.read_text(encoding="utf-8")) == running
        assert read_running(directory) == running
    assert list(path.parent.iterdir()) == []


def test_an_emulator_without_a_stack_is_no_stack(directory: Path, running: dict[str, object]) -> None:
    bare = {name: value for name, value in running.items() if name != "apiUrl"}
    with published(bare, directory):
        assert read_running(directory, needs="accessKeyId") == bare
        with pytest.raises(NotRunningError, match="make local"):
            read_running(directory)


def test_it_goes_when_the_stack_fails(directory: Path, path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), published(GONE, directory):
        raise KeyboardInterrupt
    assert not path.exists()


def test_a_file_that_another_stack_wrote_stays(directory: Path, path: Path) -> None:
    with published(GONE, directory):
        path.write_text(json.dumps({"awsEndpoint": "http://127.0.0.1:10"}), encoding="utf-8")
    assert path.exists()


def test_a_second_stack_is_refused(directory: Path, running: dict[str, object]) -> None:
    with published(running, directory), pytest.raises(UsageError, match=str(running["awsEndpoint"])):
        refuse_second(directory)


@pytest.mark.parametrize("left", [json.dumps(GONE), "", "[]", '{"awsEndpoint": 5}', "{half"])
def test_what_a_killed_stack_left_is_no_obstacle(directory: Path, path: Path, left: str) -> None:
    path.parent.mkdir()
    path.write_text(left, encoding="utf-8")
    refuse_second(directory)
    with pytest.raises(NotRunningError, match="make local"):
        read_running(directory)
    with published(GONE, directory):
        assert json.loads(path.read_text(encoding="utf-8")) == GONE


def test_no_file_is_no_stack(directory: Path) -> None:
    with pytest.raises(NotRunningError, match="make local"):
        read_running(directory)
