"""The asyncio client, and `events` of both clients."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from async_download_client import (
    AsyncClient,
    Client,
    ClientOptions,
    DownloadFailedError,
    Event,
    GetOptions,
    NetworkError,
    Received,
    RefusedError,
    Saved,
    StoppedError,
    StopSignal,
)

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import ID, FakeStack, Fault, Peer
from client.tests.test_wait import names

WaitFor = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def no_threads_left(wait_for: WaitFor) -> Iterator[None]:
    """Fails the test if a thread of a client is still running."""
    yield
    ours = ("async-download", "range-worker-")
    wait_for(lambda: not any(thread.name.startswith(ours) for thread in threading.enumerate()))


def client_of(stack: FakeStack) -> AsyncClient:
    """Return an asyncio client with short delays."""
    return AsyncClient(stack.api_url, timeout=5, timing=QUICK)


def test_both_clients_have_the_same_methods_and_signatures() -> None:
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if not name.startswith("_"):
            sync, asynchronous = (inspect.signature(function) for function in (method, getattr(AsyncClient, name)))
            assert sync.parameters == asynchronous.parameters, name


@pytest.mark.parametrize(
    ("function", "options", "exclude"),
    [(Client.__init__, ClientOptions, set()), (Client.get, GetOptions, {"on_event", "stop"})],
)
def test_typed_options_are_the_keyword_parameters(
    function: Callable[..., object], options: type, exclude: set[str]
) -> None:
    parameters = inspect.signature(function).parameters.values()
    names = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    assert names - exclude == options.__annotations__.keys()


def test_a_stop_signal_ends_a_call(stack: FakeStack) -> None:
    stack.stay_silent()
    stop = StopSignal()

    async def main() -> None:
        async with client_of(stack) as client:
            download = await client.request("q3.csv")
            await client.wait(download, stop=stop, on_event=lambda _: stop.set())

    with pytest.raises(StoppedError):
        asyncio.run(main())


def test_get_awaits_a_coroutine_callback_in_the_loop(stack: FakeStack, target: Path) -> None:
    events: list[Event] = []

    async def main() -> Saved:
        loop = asyncio.get_running_loop()

        async def record_event(event: Event) -> None:
            assert asyncio.get_running_loop() is loop
            await asyncio.sleep(0)
            events.append(event)

        async with client_of(stack) as client:
            return await client.get("q3.csv", target, on_event=record_event)

    saved = asyncio.run(main())
    assert target.read_bytes() == stack.content
    assert (saved.path, saved.size) == (target, 300_000)
    assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]


def test_every_step_can_be_called_separately(stack: FakeStack, target: Path) -> None:
    async def main() -> None:
        async with client_of(stack) as client:
            download = await client.request("q3.csv")
            assert (await client.status(download)).copied_bytes == 7
            file = await client.wait(download)
            assert (await client.fetch(file, target)).size == 300_000
            await client.cancel(download)

    asyncio.run(main())
    assert stack.requests[-1].method == "DELETE"
    assert target.read_bytes() == stack.content


def test_forty_downloads_wait_at_the_same_time(tmp_path: Path) -> None:
    all_connected = threading.Barrier(40, timeout=20)  # more than the default executor of asyncio has threads

    async def main(stack: FakeStack) -> None:
        async with client_of(stack) as client:
            await asyncio.gather(*(client.get("q3.csv", tmp_path / str(number)) for number in range(40)))

    with FakeStack(1000) as stack:

        def script(peer: Peer) -> None:
            all_connected.wait()
            stack.send_ready(peer)

        stack.sockets = [script]
        asyncio.run(main(stack))
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {stack.content}


def test_errors_of_the_download_and_of_the_callback_reach_the_caller(stack: FakeStack, target: Path) -> None:
    stack.fail()

    async def fail(_: Event) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with client_of(stack) as client:
            with pytest.raises(DownloadFailedError, match="no such file"):
                await client.get("q3.csv", target)
            with pytest.raises(ZeroDivisionError):
                await client.get("q3.csv", target, on_event=fail)

    asyncio.run(main())


@pytest.mark.parametrize("where", ["waiting", "fetching"])
def test_a_cancelled_task_ends_and_the_next_call_resumes(stack: FakeStack, target: Path, where: str) -> None:
    if where == "waiting":
        stack.sockets = [lambda peer: peer.stopping.wait(30), stack.send_ready]
    else:
        stack.faults = [Fault(cut=100_000, silent=True)]
    so_far = asyncio.Event()

    def record_event(event: Event) -> None:
        if event.name == ("connected" if where == "waiting" else "received"):
            so_far.set()

    async def main() -> None:
        async with client_of(stack) as client:
            task = asyncio.create_task(client.get("q3.csv", target, on_event=record_event))
            await asyncio.wait_for(so_far.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 10)
            await client.get("q3.csv", target)

    asyncio.run(main())
    assert target.read_bytes() == stack.content
    keys = {request.headers["idempotency-key"] for request in stack.requests if request.method == "POST"}
    assert len(keys) == 1


def test_async_events_yields_events_and_raises_errors(stack: FakeStack, target: Path) -> None:
    async def main() -> None:
        async with client_of(stack) as client:
            events = [event async for event in client.events("q3.csv", target)]
            assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]
            stack.fail()
            with pytest.raises(DownloadFailedError):
                async for _ in client.events("q3.csv", target):
                    pass

    asyncio.run(main())
    assert target.read_bytes() == stack.content


def test_closing_async_events_stops_the_download(stack: FakeStack, target: Path) -> None:
    stack.faults = [Fault(cut=100_000, silent=True)]

    async def main() -> None:
        async with client_of(stack) as client:
            events = client.events("q3.csv", target)
            async for event in events:
                if isinstance(event, Received):
                    break
            await events.aclose()

    asyncio.run(main())
    assert not target.exists()


def test_events_yields_events_and_raises_errors(stack: FakeStack, client: Client, target: Path) -> None:
    events = list(client.events("q3.csv", target))
    assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]
    assert events[0].download.id == ID  # type: ignore[union-attr]
    assert target.read_bytes() == stack.content
    stack.rest = [(400, {"error": {"code": "INVALID_PATH", "message": "The path is bad."}})]
    with pytest.raises(RefusedError):
        list(client.events("q3.csv", target))
    stack.faults = [Fault(status=503)] * 60
    with pytest.raises(NetworkError):
        list(client.events("q3.csv", target))


def test_leaving_events_stops_the_download_and_keeps_the_bytes(stack: FakeStack, client: Client, target: Path) -> None:
    stack.faults = [Fault(cut=100_000, silent=True)]
    events = client.events("q3.csv", target)
    for event in events:
        if isinstance(event, Received):
            break
    events.close()
    assert target.with_name("report.bin.part").stat().st_size == 100_000
    assert "resumed" in names(list(client.events("q3.csv", target)))
    assert target.read_bytes() == stack.content
