"""The same for asyncio, and events as iterators."""

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
    """Whatever happens, no thread of ours goes on."""
    yield
    ours = ("async-download", "range-worker-")
    wait_for(lambda: not any(thread.name.startswith(ours) for thread in threading.enumerate()))


def client_of(stack: FakeStack) -> AsyncClient:
    """A client in a hurry."""
    return AsyncClient(stack.api_url, timeout=5, timing=QUICK)


def failing(stack: FakeStack) -> None:
    """The origin has no such file."""
    error = {"code": "ORIGIN_NOT_FOUND", "message": "The origin has no such file (HTTP 404)."}
    stack.sockets = [lambda peer: peer.send(stack.message("failed", error=error))]


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
    stack.sockets = [lambda peer: peer.stopping.wait(30)]
    stop = StopSignal()

    async def main() -> None:
        async with client_of(stack) as client:
            download = await client.request("q3.csv")
            await client.wait(download, stop=stop, on_event=lambda _: stop.set())

    with pytest.raises(StoppedError):
        asyncio.run(main())


def test_get(stack: FakeStack, target: Path) -> None:
    """The whole way, with a callback that runs in the loop and may be a coroutine function."""
    events: list[Event] = []

    async def main() -> Saved:
        loop = asyncio.get_running_loop()

        async def tell(event: Event) -> None:
            assert asyncio.get_running_loop() is loop
            await asyncio.sleep(0)
            events.append(event)

        async with client_of(stack) as client:
            return await client.get("q3.csv", target, on_event=tell)

    saved = asyncio.run(main())
    assert target.read_bytes() == stack.content
    assert (saved.path, saved.size) == (target, 300_000)
    assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]


def test_each_call(stack: FakeStack, target: Path) -> None:
    """Each step by itself."""

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


def test_a_push_that_was_lost(stack: FakeStack, target: Path) -> None:
    """The stack pushes nothing by itself: the status is asked for, and the answer is `ready`."""

    def script(peer: Peer) -> None:
        assert peer.receive() == "status"
        stack.send_ready(peer)

    stack.sockets = [script]

    async def run() -> None:
        async with client_of(stack) as client:
            await client.get("q3.csv", target, timeout=10)

    asyncio.run(run())
    assert target.read_bytes() == stack.content
    assert stack.actions == ["status"]


def test_many_at_once(stack: FakeStack, tmp_path: Path) -> None:
    """More downloads than a pool has threads wait at the same time."""
    together = threading.Barrier(40, timeout=20)

    def script(peer: object) -> None:
        together.wait()
        stack.send_ready(peer)  # type: ignore[arg-type]

    stack.sockets = [script]

    async def main() -> None:
        async with client_of(stack) as client:
            await asyncio.gather(*(client.get("q3.csv", tmp_path / str(number)) for number in range(40)))

    asyncio.run(main())
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {stack.content}


def test_errors(stack: FakeStack, target: Path) -> None:
    """Errors are the same, and a callback's own reach the caller."""
    failing(stack)

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
def test_cancelled(stack: FakeStack, target: Path, where: str) -> None:
    """A cancelled task ends soon, its threads too, and the next one goes on from there."""
    if where == "waiting":
        stack.sockets = [lambda peer: peer.stopping.wait(30), stack.send_ready]
    else:
        stack.faults = [Fault(cut=100_000, silent=True)]
    so_far = asyncio.Event()

    def tell(event: Event) -> None:
        if event.name == ("connected" if where == "waiting" else "received"):
            so_far.set()

    async def main() -> None:
        async with client_of(stack) as client:
            task = asyncio.create_task(client.get("q3.csv", target, on_event=tell))
            await asyncio.wait_for(so_far.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 10)
            await client.get("q3.csv", target)

    asyncio.run(main())
    assert target.read_bytes() == stack.content
    keys = {request.headers["idempotency-key"] for request in stack.requests if request.method == "POST"}
    assert len(keys) == 1


def test_async_events(stack: FakeStack, target: Path) -> None:
    """Events as an asynchronous iterator; errors come out of it."""

    async def main() -> None:
        async with client_of(stack) as client:
            events = [event async for event in client.events("q3.csv", target)]
            assert names(events) == ["requested", "connected", "ready", "received", "verified", "saved"]
            failing(stack)
            with pytest.raises(DownloadFailedError):
                async for _ in client.events("q3.csv", target):
                    pass

    asyncio.run(main())
    assert target.read_bytes() == stack.content


def test_leaving_async_events(stack: FakeStack, target: Path) -> None:
    """Whoever closes the iterator stops the download."""
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


def test_events(stack: FakeStack, client: Client, target: Path) -> None:
    """Events as an iterator; errors come out of it."""
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


def test_leaving_events(stack: FakeStack, client: Client, target: Path) -> None:
    """Leaving the loop stops the download, and what came is kept."""
    stack.faults = [Fault(cut=100_000, silent=True)]
    events = client.events("q3.csv", target)
    for event in events:
        if isinstance(event, Received):
            break
    events.close()
    assert target.with_name("report.bin.part").stat().st_size == 100_000
    assert "resumed" in names(list(client.events("q3.csv", target)))
    assert target.read_bytes() == stack.content
