"""A whole runtime on fakes, and a file of an origin to copy."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from runtime.logic.copying.copy import Copy
from runtime.logic.copying.outcome import Outcome
from runtime.logic.copying.plan import LARGEST, Cut, Plan
from runtime.logic.copying.reuse import Reuse
from runtime.logic.ending.cancel import Cancel
from runtime.logic.ending.deliver import Deliver
from runtime.logic.ending.fail import Fail
from runtime.logic.ending.reconcile import Reconcile
from runtime.logic.ending.running_limit import ReleaseCaller, RunningLimit
from runtime.logic.origin.fetch import FetchBuilder
from runtime.logic.requests import tickets
from runtime.logic.requests.connect import Connect
from runtime.logic.requests.disconnect import Disconnect
from runtime.logic.requests.evict import Evict
from runtime.logic.requests.message import ClientMessage
from runtime.logic.requests.request_download import RequestDownload
from runtime.logic.slices.complete import Complete
from runtime.logic.slices.copy_slice import CopySlice
from runtime.logic.sockets.close import Close
from runtime.logic.sockets.download_messages import DownloadMessages
from runtime.logic.sockets.notifier import Notifier
from runtime.models import Checksum, Download, Origin, Status, Stored, execution_arn_of
from tests.runtime.support.fakes import (
    STATE_MACHINE,
    FakeBody,
    FakeCallers,
    FakeClock,
    FakeConnections,
    FakeDownloads,
    FakeEventBus,
    FakeExecutions,
    FakeFunctions,
    FakeIdleCloser,
    FakeObjects,
    FakeOrigins,
    FakeSecrets,
    FakeSigner,
    FakeSockets,
    OriginRequest,
)

DOWNLOAD_ID = "0" * 31 + "a"
ARN = execution_arn_of(STATE_MACHINE, DOWNLOAD_ID)
KEY = f"downloads/{DOWNLOAD_ID}"
PART = 1000
MAX_RUNNING = 5  # downloads of one caller at once
DAILY_BYTES = 10**6  # bytes of one caller in a day
ORIGIN = Origin("reports", "https://reports.example.com/exports/", default_path="latest.csv")
STORED = Stored(KEY, 3, '"etag"', "text/csv", Checksum("CRC32", "NSRBwg=="), "ba" * 32)


def content_of(size: int) -> bytes:
    """Return `size` pseudo-random bytes, the same for the same size."""
    return random.Random(size).randbytes(size)


def cut(size: int) -> Plan:
    """Plan small parts, three to a slice."""
    return Plan(size, PART, 3)


@dataclass
class OriginFile:
    """A file of an origin; its fields make the origin misbehave."""

    content: bytes
    etag: str | None = '"v1"'
    last_modified: str | None = None
    ranges: bool = True
    max_range: int | None = None
    length: bool = True
    content_type: str = "text/csv"
    headers: dict[str, str] = field(default_factory=dict)
    first_answers: list[FakeBody | Exception] = field(default_factory=list)
    cuts: list[int | None] = field(default_factory=list)
    stall: bool = False
    on_read: Callable[[], None] = lambda: None

    def answer(self, request: OriginRequest) -> FakeBody:
        """Answer as the fields say: the next of `first_answers`, or the file or a range of it."""
        if self.first_answers:
            first_answer = self.first_answers.pop(0)
            if isinstance(first_answer, Exception):
                raise first_answer
            return first_answer
        cut_after = self.cuts.pop(0) if self.cuts else None
        byte_range = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        condition = request.headers.get("If-Match")
        if condition is not None and condition != self.etag:
            return FakeBody(412)
        if byte_range is None or not self.ranges:
            return self._body(200, self.content, self._headers(len(self.content)), cut_after)
        start, end = int(byte_range[1]), int(byte_range[2]) if byte_range[2] else len(self.content) - 1
        if start >= len(self.content):
            return FakeBody(416, {"content-range": f"bytes */{len(self.content)}"})
        end = min(end, len(self.content) - 1, start + (self.max_range or len(self.content)) - 1)
        headers = self._headers(end - start + 1) | {"content-range": f"bytes {start}-{end}/{len(self.content)}"}
        return self._body(206, self.content[start : end + 1], headers, cut_after)

    def _body(self, status: int, content: bytes, headers: dict[str, str], cut_after: int | None) -> FakeBody:
        return FakeBody(status, headers, content, cut_after=cut_after, stall=self.stall, on_read=self.on_read)

    def _headers(self, length: int) -> dict[str, str]:
        headers = {"content-type": self.content_type, "date": "Tue, 24 Nov 2026 12:00:00 GMT"} | self.headers
        if self.length:
            headers["content-length"] = str(length)
        if self.etag is not None:
            headers["etag"] = self.etag
        if self.last_modified is not None:
            headers["last-modified"] = self.last_modified
        return headers


class World:
    """Every use case over the same fakes."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.downloads = FakeDownloads()
        self.connections = FakeConnections(self.downloads)
        self.callers = FakeCallers()
        self.executions = FakeExecutions()
        self.functions = FakeFunctions()
        self.sockets = FakeSockets(self.clock)
        self.signer = FakeSigner(self.clock)
        self.objects = FakeObjects(min_part_size=PART)
        self.secrets = FakeSecrets()
        self.origins = FakeOrigins(OriginFile(content_of(10)).answer)
        self.idle_closer = FakeIdleCloser()
        self.event_bus = FakeEventBus()
        self.notifier = Notifier(self.downloads, self.connections, self.sockets, self.clock, self.idle_closer)
        self.close = Close(self.downloads, self.connections, self.sockets, self.clock, self.idle_closer)
        self.evict = Evict(self.downloads, self.connections, self.sockets, self.clock)
        self.download_messages = DownloadMessages(self.signer)
        self.limit = RunningLimit(
            self.callers, self.downloads, self.executions, self.clock, max_running=MAX_RUNNING, daily_bytes=DAILY_BYTES
        )
        release = ReleaseCaller(self.callers, self.clock, daily_bytes=DAILY_BYTES)
        self.deliver = Deliver(self.downloads, self.download_messages, self.notifier, self.clock, release=release)
        self.disconnect = Disconnect(self.downloads, self.connections)
        self.fail = Fail(self.downloads, self.objects, self.notifier, self.clock, "downloads/", release=release)
        self.cancel = Cancel(self.downloads, self.executions, self.functions, self.clock, "fail")
        self.reconcile = Reconcile(self.downloads, self.executions, self.functions, self.clock, "fail")
        self.connect = Connect(
            self.downloads, self.connections, self.functions, self.clock, self.evict, STATE_MACHINE, "deliver", limit=3
        )
        self.client_message = ClientMessage(
            self.downloads,
            self.connections,
            self.sockets,
            self.clock,
            self.reconcile,
            self.download_messages,
            self.cancel,
        )
        self.request_download = RequestDownload(
            downloads=self.downloads,
            executions=self.executions,
            clock=self.clock,
            origins={"reports": ORIGIN},
            state_machine_arn=STATE_MACHINE,
            api_url="https://rest.example/v1",
            web_socket_url="wss://socket.example/v1",
            expires_seconds=3600,
            max_file_bytes=LARGEST,
            limit=self.limit,
        )

    def put_download(self, **fields: object) -> tickets.Ticket:
        """Put the download into the table and return a ticket of it."""
        ticket = tickets.issue(DOWNLOAD_ID)
        now = self.clock.now()
        defaults: dict[str, object] = {
            "execution_arn": ARN,
            "download_id": DOWNLOAD_ID,
            "origin": "reports",
            "path": "a/b.csv",
            "owner": "iam:alice",
            "created_at": now,
            "updated_at": now,
            "expires_at": int(now) + 3600,
            "ticket_hashes": (ticket.hash,),
        }
        if fields.get("status") is Status.READY:
            defaults["stored"] = STORED
        self.downloads.rows[ARN] = Download(**{**defaults, **fields})  # type: ignore[arg-type]
        return ticket

    def put_file(self, file: OriginFile, **fields: object) -> OriginFile:
        """Put the download into the table and make the origin serve this file."""
        self.put_download(**fields)
        return self.serve(file)

    @property
    def row(self) -> Download:
        """Return the download."""
        return self.downloads.rows[ARN]

    def serve(self, file: OriginFile) -> OriginFile:
        """Make the origin serve this file."""
        self.origins.answer = file.answer
        return file

    def copy(
        self,
        seconds: float = 800.0,
        origin: Origin = ORIGIN,
        largest: int = 10**9,
        *,
        loopback: bool = False,
        fan_out: int = 0,
        max_file: int = LARGEST,
        cut: Cut = cut,
        arn: str = ARN,
        reuse: Reuse | None = None,
    ) -> Outcome:
        """Run the copying worker with small parts."""
        worker = Copy(
            downloads=self.downloads,
            objects=self.objects,
            sockets=self.sockets,
            clock=self.clock,
            fetch_builder=FetchBuilder(self.origins, self.secrets, {"reports": origin}, loopback),
            object_prefix="downloads/",
            fan_out_bytes=fan_out,
            max_file_bytes=max_file,
            cut=cut,
            part_size=PART,
            buffers=3,
            max_streamed=largest,
            reuse=reuse,
        )
        return worker.run(arn, seconds)

    def copy_slice(
        self,
        index: int,
        seconds: float = 120.0,
        origin: Origin = ORIGIN,
        *,
        loopback: bool = False,
        wide: bool = False,
        streamed: bool = False,
    ) -> None:
        """Run the worker of a slice with small parts: `wide` puts 60 into a slice, `streamed` holds none in memory."""
        worker = CopySlice(
            downloads=self.downloads,
            objects=self.objects,
            sockets=self.sockets,
            clock=self.clock,
            fetch_builder=FetchBuilder(self.origins, self.secrets, {"reports": origin}, loopback),
            object_prefix="downloads/",
            concurrency=8,
            cut=(lambda size: Plan(size, PART, 60)) if wide else cut,
            max_held=PART - 1 if streamed else PART,
            piece=PART // 3,
        )
        worker.run(ARN, index, seconds)

    def complete(self, slices: Sequence[int] | None = None, cut: Cut = cut, throttled: Collection[int] = ()) -> Outcome:
        """Run the worker that completes the upload after a Map over these slices, by default over all of the file's."""
        row = self.downloads.rows.get(ARN)
        all_slices = range(cut(row.size).slice_count) if row and row.size else range(1)
        worker = Complete(self.downloads, self.objects, self.clock, "downloads/", cut)
        return worker.run(ARN, all_slices if slices is None else slices, throttled)
