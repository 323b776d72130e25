"""Calls of the runtime that write every kind of log line, on fakes, with metrics on."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from runtime import log, metrics
from runtime.adapters import startup
from runtime.errors import (
    AsyncDownloadError,
    ConnectionGoneError,
    OriginError,
    OriginRangeError,
    ServiceError,
    StoppedError,
    TransientServiceError,
)
from runtime.handlers import boundary, complete, copy
from runtime.logic.copying.progress import BackgroundTask, StreamProgress
from runtime.logic.ending.end_event import SendEndEvent
from runtime.logic.requests.access import Access
from runtime.logic.requests.cancel_download import CancelDownload
from runtime.logic.requests.request_download import DownloadRequest
from runtime.logic.slices.sliced import sliced
from runtime.logic.slices.watch import Watch
from runtime.models import Failure, Status
from tests.runtime.copying.test_reuse import SharedCopies
from tests.runtime.ending.test_deliver import open_connections, revoke_tickets
from tests.runtime.support.fakes import STATE_MACHINE, FakeBody
from tests.runtime.support.fakes.hooks import fail_at
from tests.runtime.support.slicing import SLICES, start_upload
from tests.runtime.support.world import ARN, OriginFile, World, content_of, cut

STACK = "async-download-prod-files"
THROTTLED = TransientServiceError("PostToConnection", "LimitExceededException")
Line = Mapping[str, Any]


def captured(action: Callable[[], object], variables: Mapping[str, str] | None = None) -> list[Line]:
    """Return the lines that a call of a function writes."""
    out = io.StringIO()
    environment = {metrics.STACK_VARIABLE: STACK} if variables is None else variables
    with mock.patch.dict(os.environ, environment), redirect_stdout(out):
        log.start_call("8f5d0ae1-0a4c-4a9c-9f1b-0c1c6f2f0d11")
        action()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def request_twice(world: World) -> None:
    """Request a download, repeat the request, and send another one with its Idempotency-Key."""
    key = "0123456789abcdef0123456789abcdef"
    request = DownloadRequest("iam:alice", "reports", "2026/11/figures.csv?x=1", size=10, idempotency_key=key)
    world.request_download.run(request)
    world.request_download.run(request)
    changed = replace(request, size=11)
    with mock.patch.dict(os.environ, {"CORS_ORIGINS": "[]"}):
        boundary.rest(lambda _: boundary.answer(202, world.request_download.run(changed)))({}, None)


def copy_small_file(world: World) -> None:
    """Copy a file of one part, and deliver it to a client."""
    world.put_file(OriginFile(content_of(10)), expected_size=10)
    open_connections(world, "c1")
    world.clock.sleep(2)
    world.copy()
    world.deliver.run(ARN)


def copy_in_slices(world: World) -> None:
    """Copy a file in slices."""
    file = start_upload(world)
    file.on_read = lambda: world.clock.sleep(0.1)
    for index in range(SLICES):
        world.copy_slice(index)
    world.clock.sleep(3)
    world.complete()
    world.copy_slice(0)


def stop_slice(world: World) -> None:
    """Copy slices of a download that fails, and of one that was stopped."""
    file = start_upload(world)
    file.etag = '"v2"'
    world.copy_slice(0)
    start_upload(world)
    world.objects.uploads.clear()
    world.copy_slice(0)


def fail_slice_for_now(world: World) -> None:
    """Copy a slice while the origin is overloaded."""
    file = start_upload(world)
    file.first_answers = [FakeBody(503)] * 99
    with suppress(AsyncDownloadError):
        world.copy_slice(0)


def wait_for_origin(world: World) -> None:
    """Copy a file that the origin prepares first."""
    world.put_file(OriginFile(content_of(10), first_answers=[FakeBody(202, {"retry-after": "300"})]))
    world.copy()
    world.clock.sleep(301)
    world.copy()


def copy_without_ranges(world: World) -> None:
    """Copy a file of an origin that is overloaded at first, and refuses ranges."""
    answers: list[FakeBody | Exception] = [FakeBody(503), OriginRangeError("The range cannot be used.")]
    world.put_file(OriginFile(content_of(10), first_answers=answers))
    world.copy()


def discard_copy(world: World) -> None:
    """Cancel a download while its file is read."""
    file = world.put_file(OriginFile(content_of(10)))
    row = world.row
    file.on_read = lambda: world.downloads.rows.update({ARN: replace(row, status=Status.CANCELLED)})
    world.copy()


def share_copy(_world: World) -> None:
    """Use one copy for two downloads; one waiting download cannot be resumed."""
    sharing = SharedCopies()
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.copy(first, fan_out=1)
    sharing.copies.wait(str(sharing.copy(second)["fileId"]), "token")
    sharing.copy(first)
    sharing.tasks.error = ServiceError("SendTaskSuccess", "TaskTimedOut")
    sharing.deliver.run(first)
    sharing.copy(second)


def fail_download(world: World) -> None:
    """Record the failure of a download twice, and send its event."""
    start_upload(world)
    open_connections(world, "c1")
    world.event_bus.errors = [TransientServiceError("PutEvents", "ThrottlingException")]
    send_event = SendEndEvent(world.downloads, world.event_bus, world.clock, "copies")
    fail = replace(world.fail, send_end_event=send_event)
    for _ in range(2):
        fail.run(ARN, Failure("ORIGIN_NOT_FOUND", "The origin answered HTTP 404."))
        world.clock.sleep(1)


def cancel_download(world: World) -> None:
    """Cancel a download twice; its second end is `fail`, which cleans up."""
    world.put_download(size=10, copied_bytes=3)
    for _ in range(2):
        world.cancel.run(world.row)
        world.clock.sleep(1)
    world.fail.run(ARN, Failure("STOPPED", "The download was stopped."))


def push_to_throttled_clients(world: World) -> None:
    """Push to two clients whose messages API Gateway throttles or refuses, and to one without a valid ticket."""
    world.put_download(status=Status.READY)
    open_connections(world, "revoked")
    revoke_tickets(world)
    world.downloads.rows[ARN] = replace(world.row, connection_ids=frozenset({"revoked"}))
    open_connections(world, "busy", "refused")
    for name in ("busy", "refused"):
        generation = world.row.ticket_generation
        world.connections.rows[name] = replace(world.connections.rows[name], ticket_generation=generation)
    world.sockets.errors = {"busy": [THROTTLED] * 999, "refused": [ServiceError("PostToConnection", "Forbidden")]}
    world.idle_closer.error = ServiceError("StartExecution", "AccessDenied")
    with suppress(AsyncDownloadError):
        world.deliver.run(ARN)


def replay(world: World) -> None:
    """Connect to a download that has ended."""
    ticket = world.put_download(status=Status.READY)
    world.connect.run("c1", ticket.text)
    world.sockets.accept("c1")
    world.deliver.run(ARN, "c1")
    log.start_call("another call")
    world.disconnect.run("c1")


def evict(world: World) -> None:
    """Connect to a download whose connections were lost."""
    ticket = world.put_download(connection_ids=frozenset({"lost1", "lost2", "lost3"}))
    world.connect.run("c1", ticket.text)


def close_idle(world: World) -> None:
    """Close an idle connection, at the second attempt."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED]
    log.set_execution(ARN)
    world.close.run(ARN, ["c1"], world.clock.now())


def answer_lost_clients(world: World) -> None:
    """Answer clients that have left, that are throttled, and that send something malformed."""
    world.put_download(status=Status.READY)
    open_connections(world, "left", "busy", "odd")
    world.connections.before_call = fail_at("connections.use", ServiceError("UpdateItem", "ThrottlingException"))
    world.sockets.errors = {"left": [ConnectionGoneError("left")], "busy": [THROTTLED] * 999}
    for name in ("left", "busy"):
        world.client_message.run(name, '{"action": "status"}', "m1")
    world.client_message.run("odd", "{", "m1")


def run_without_progress(world: World) -> None:
    """Copy while the table is throttled and no progress can be sent."""
    start_upload(world)
    log.set_download(world.row)
    throttled = ServiceError("GetItem", "ThrottlingException")
    job = sliced(world.row, "downloads/", cut, world.clock.now())
    assert job is not None
    watch = Watch(world.downloads, world.objects, world.sockets, world.clock, job, 8)
    progress = StreamProgress(world.downloads, world.sockets, world.clock, ARN)
    world.clock.sleep(60)
    world.downloads.before_call = fail_at("downloads.get", throttled)
    watch.check()
    progress.update(1, 10)

    def fail() -> None:
        raise throttled

    background = BackgroundTask()
    background.start(fail)
    background.close()


def call_handlers(world: World) -> None:
    """Call wrappers of handlers whose work fails, and the handlers of the copying tasks."""
    event = {"requestContext": {"identity": {"userArn": "arn:aws:iam::123456789012:user/alice"}}, "body": "{}"}
    ticket = world.put_download(status=Status.READY)
    cancel = CancelDownload(Access(world.downloads, world.clock, STATE_MACHINE), world.cancel)

    def raise_error(*_arguments: object) -> Any:
        raise ServiceError("PutItem", "ThrottlingException")

    def raise_bug(*_arguments: object) -> Any:
        raise KeyError("https://bucket/key?X-Amz-Signature=topsecret")

    context = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 900_000)
    with mock.patch.dict(os.environ, {"CORS_ORIGINS": "[]"}):
        boundary.rest(lambda _: boundary.answer(202, cancel.run(world.row.download_id, ticket.text)))(event, context)
        boundary.rest(raise_error)(event, context)
        boundary.rest(raise_bug)(event, context)
    for work in (raise_error, raise_bug):
        with suppress(AsyncDownloadError):
            boundary.task(work)(event, context)
    error = {"code": "ORIGIN_ERROR", "message": "The origin answered HTTP 418."}
    outcomes: list[tuple[ModuleType, dict[str, object]]] = [
        (copy, {"outcome": "FAILED", "error": error}),
        (complete, {"outcome": "FAILED", "error": error}),
        (complete, {"outcome": "THROTTLED", "slices": [1]}),
    ]
    for module, outcome in outcomes:

        def run(*_arguments: object, outcome: dict[str, object] = outcome) -> dict[str, object]:
            log.set_download(world.row)
            return outcome

        with mock.patch.object(module, "build_use_case", return_value=SimpleNamespace(run=run)):
            module.handler({"executionArn": ARN, "slices": [0, 1]}, context)


def start_badly(_world: World) -> None:
    """Start a function without settings, and with an adapter that fails."""

    def warm_up() -> None:
        raise StoppedError("No network.")

    def build() -> None:
        startup.prepare(SimpleNamespace(warm_up=warm_up))
        raise OriginError("No settings.")

    with mock.patch.dict(os.environ, {"AWS_LAMBDA_FUNCTION_NAME": "f"}), mock.patch("gc.freeze"):
        startup.run(build, seconds=5)


STORIES: tuple[Callable[[World], None], ...] = (
    request_twice,
    copy_small_file,
    copy_in_slices,
    stop_slice,
    fail_slice_for_now,
    wait_for_origin,
    copy_without_ranges,
    discard_copy,
    share_copy,
    fail_download,
    cancel_download,
    push_to_throttled_clients,
    replay,
    evict,
    close_idle,
    answer_lost_clients,
    run_without_progress,
    call_handlers,
    start_badly,
)


@cache
def lines_of(story: Callable[[World], None]) -> tuple[Line, ...]:
    """Return the lines that a story writes."""
    return tuple(captured(lambda: story(World())))


def all_lines() -> list[Line]:
    """Return the lines of all stories."""
    return [line for story in STORIES for line in lines_of(story)]
