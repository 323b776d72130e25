"""`make demo`: deploy the stack on this machine and download a file with the downloader."""

import argparse
import hashlib
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from async_download_client import (
    AsyncDownloadError,
    Client,
    Connected,
    Event,
    FileReady,
    Progress,
    Received,
    Requested,
    Verified,
)
from botocore.exceptions import BotoCoreError, ClientError
from rich.filesize import decimal

from local_provider.errors import EngineError
from localcloud.console import make_console
from localcloud.demo_facts import Facts, connection_fields, download_fields, wait_for
from localcloud.demo_screen import Screen, seconds_text
from localcloud.errors import LocalCloudError
from localcloud.origin import Origin, parse_size
from localcloud.origins import NAME, demo_origin
from localcloud.paths import WORD
from localcloud.signals import Stopped, stoppable
from localcloud.stack import LocalStack, local_stack

_LOG = WORD / "demo-emulator.log"
_GONE_WITHIN_SECONDS = 15.0
_ENDED_WITHIN_SECONDS = 30.0  # after the message to the client, which `deliver` sends before it returns
_FAILURES = (AsyncDownloadError, LocalCloudError, EngineError, BotoCoreError, ClientError, OSError)


class DemoError(LocalCloudError):
    """A check of the demo failed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 for success, 1 for a failure, 130 when stopped."""
    options = _options(argv)
    # Hide the warning that the REST API is open to everyone: the demo means it.
    logging.getLogger("localcloud.pulumi").setLevel(logging.ERROR)
    screen = Screen(make_console())
    try:
        with stoppable():
            _journey(screen, options.first_byte, options.size)
    except Stopped:
        screen.say("Stopped; nothing is left running.")
        return 130
    except _FAILURES as error:
        screen.fail(f"{str(error).splitlines()[0]} The emulator's log: {_LOG}")
        return 1
    finally:
        screen.close()
    return 0


def _journey(screen: Screen, first_byte: float, size: int) -> None:
    began = monotonic()
    path = f"files/{size}-report.bin?first_byte={first_byte:g}&times=1"  # slow until the first byte, then at full speed
    screen.title(
        f"A client downloads a file of {decimal(size)} from an origin that needs {first_byte:g} s for the first byte.\n"
    )
    with tempfile.TemporaryDirectory(prefix="async-download-demo-") as folder, Origin() as origin:
        screen.begin("Cloud", "starting the emulator and deploying the stack")
        with local_stack({NAME: demo_origin(origin.base_url)}, log_path=_LOG) as stack:
            up = screen.done(f"{len(stack.deployment.resources)} resources deployed on MiniStack, IAM enforced")
            figures = _Visit(screen, stack, first_byte).run(path, size, Path(folder) / "report.bin")
            screen.begin("Stop", "stopping the emulator")
        screen.done("all processes have ended")
    total = seconds_text(monotonic() - began)
    screen.summary({"Stack up": seconds_text(up), **figures, "Whole demo": total})


class _Visit:
    """One download; each event of the downloader ends a step and begins the next."""

    def __init__(self, screen: Screen, stack: LocalStack, first_byte: float) -> None:
        self._screen, self._stack, self._first_byte = screen, stack, first_byte
        self._facts = Facts(stack)
        self._arn = ""
        self._connects = 0
        self._began = self._left_at = 0.0
        self._figures: dict[str, str] = {}

    def run(self, path: str, size: int, target: Path) -> dict[str, str]:
        """Download and verify the file, disconnect, and return the figures of the summary."""
        with Client(self._stack.outputs["downloadUrl"]) as client:
            self._began = monotonic()
            self._screen.begin("Request", "POST /downloads")
            client.get(path, target, on_event=self._on_event, timeout=60 + 2 * self._first_byte)
        self._verify(target, size)
        self._see_it_gone()
        self._count()
        return self._figures

    def _on_event(self, event: Event) -> None:
        match event:
            case Requested(download):
                self._arn = download.execution_arn
                self._requested()
            case Connected():
                self._connects += 1
                self._connected()
            case Progress(_, copied, size) if copied is not None and size:
                self._screen.bar(copied, size, "from the origin to S3")
            case FileReady(file):
                self._left_at = monotonic()
                self._figures["Request to URL"] = seconds_text(self._left_at - self._began)
                self._screen.done(f"{decimal(file.size)} stored in S3; the pre-signed URL came over the WebSocket")
                self._screen.begin("Download", "asking S3")
            case Received(received, size):
                self._screen.bar(received, size, "from S3")
            case Verified(size, checks, _):
                rate = decimal(int(size / max(monotonic() - self._left_at, 0.001)))
                took = self._screen.done(f"{decimal(size)} at {rate}/s; {', '.join(checks)} match")
                self._figures["Download"] = seconds_text(took)

    def _requested(self) -> None:
        early = monotonic() - self._began < self._first_byte  # the origin got the request later than the API
        thinking = " before the origin has sent a byte" if early else ""
        took = self._screen.done(f"HTTP 202{thinking}")
        self._figures["Request to answer"] = seconds_text(took)
        self._screen.begin("Connect", "opening the WebSocket")

    def _connected(self) -> None:
        if self._connects > 1:
            return
        self._screen.done("the WebSocket is open; DynamoDB now holds:")
        download, connections = self._facts.download(self._arn), self._facts.connections()
        ids = {row["connectionId"] for row in connections if row["executionArn"] == self._arn}
        if not ids or download.get("connectionIds") != ids:
            raise DemoError("The connection is not in both tables.")
        self._screen.rows("Downloads", download_fields(download))
        self._screen.rows("Connections", connection_fields(connections[0]))
        self._screen.begin("Copy", "waiting for the origin")

    def _verify(self, target: Path, size: int) -> None:
        self._screen.begin("Verify", "computing the file's SHA-256")
        with target.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != Origin.content_sha256(size):
            raise DemoError(f"The file's SHA-256 is {actual}, at the origin it is {Origin.content_sha256(size)}.")
        self._screen.done(f"SHA-256 {actual[:16]}… equals the origin's")

    def _see_it_gone(self) -> None:
        self._screen.begin("Close", "waiting for $disconnect")

        def gone() -> bool:
            return not self._facts.connections() and "connectionIds" not in self._facts.download(self._arn)

        if not wait_for(gone, _GONE_WITHIN_SECONDS):
            raise DemoError("The connection is closed, but its items are still in DynamoDB.")
        self._screen.done("the Connections item and the connection id in the Downloads item are deleted")

    def _count(self) -> None:
        wait_for(lambda: self._facts.execution(self._arn).status != "RUNNING", _ENDED_WITHIN_SECONDS)
        execution = self._facts.execution(self._arn)
        if execution.status != "SUCCEEDED":
            raise DemoError(f"The execution is {execution.status}.")
        calls = 1 + 2 * self._connects + execution.tasks
        self._figures["State transitions"] = f"{execution.transitions}, and 2 later to close an idle socket"
        self._figures["Lambda calls"] = f"{calls}: request, connect, {execution.tasks} tasks, disconnect; later close"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud demo", description=__doc__)
    parser.add_argument("--first-byte", type=_seconds, default=3.0, metavar="SECONDS", help="how slow the origin is")
    parser.add_argument("--size", type=_size, default=parse_size("120MB"), help="of the file, such as 120MB or 1GiB")
    return parser.parse_args(argv)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError("0 to 600 seconds")
    return seconds


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
