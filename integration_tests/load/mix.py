"""The downloads of a run: what their origin does, what their client does, and when they start, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Behaviour(StrEnum):
    """What the client does after its request."""

    WAIT = "waits on the WebSocket"
    RECONNECT = "is cut off and connects again"
    LEAVE = "never connects"
    CANCEL = "cancels"


@dataclass(frozen=True)
class File:
    """A kind of file at the origin.

    Attributes:
        name: of the kind, for the report.
        sizes: possible sizes.
        options: how the origin answers (`localcloud.origin`).
        code: the failure code of its downloads; None if they become READY.
        weight: its share of all downloads, relative to the other kinds.
        is_always_fetched: whether every client downloads the file: the emulator has no checksum of objects in parts.
    """

    name: str
    sizes: tuple[str, ...]
    options: str = ""
    code: str | None = None
    weight: float = 1.0
    is_always_fetched: bool = False


FILES = (
    File("small", ("0", "1", "10KB", "100KB", "1MB"), weight=50),
    File("many parts, one worker", ("20MB",), "length=no", weight=3, is_always_fetched=True),
    File("slices", ("70MB",), weight=2, is_always_fetched=True),
    File("slow origin", ("100KB",), "first_byte=2", weight=10),
    File("slow transfer", ("1MB",), "rate=500000", weight=5),
    File("origin that prepares the file", ("100KB",), "status=202&retry_after=5&times=1", weight=5),
    File("origin that cuts a transfer", ("1MB",), "close_after=300000&times=1", weight=5),
    File("origin that answers 503 once", ("100KB",), "status=503&times=1", weight=5),
    File("no such file (404)", ("100KB",), "status=404", "ORIGIN_NOT_FOUND", weight=6),
    File("no access (403)", ("100KB",), "status=403", "ORIGIN_REFUSED", weight=3),
    File("broken origin (500)", ("100KB",), "status=500", "ORIGIN_ERROR", weight=6),
)
_BEHAVIOURS = {Behaviour.WAIT: 60, Behaviour.RECONNECT: 15, Behaviour.LEAVE: 13, Behaviour.CANCEL: 12}


@dataclass(frozen=True)
class PlannedDownload:
    """A download to request.

    Attributes:
        number: from 0.
        second: when it is requested, since the start of the run.
        delay: seconds from the request until the client cancels, or is cut off.
        is_fetched: whether the client downloads the file.
    """

    number: int
    second: float
    file: File
    size: str
    behaviour: Behaviour
    delay: float
    is_fetched: bool

    @property
    def path(self) -> str:
        """The path of a file that no other download of the run requests."""
        return f"files/{self.size}-load-{self.number}" + (f"?{self.file.options}" if self.file.options else "")


def draw_downloads(count: int, seconds: float, seed: int, *, fetch_every: int = 4) -> Iterator[PlannedDownload]:
    """Yield the downloads of a run in the order of their requests, evenly spread with jitter; each kind at least once.

    One of `fetch_every` clients downloads its file.
    """
    generator = random.Random(seed)
    files = list(FILES) + generator.choices(FILES, [file.weight for file in FILES], k=max(0, count - len(FILES)))
    behaviours = generator.choices(list(_BEHAVIOURS), list(_BEHAVIOURS.values()), k=count)
    files = files[:count]
    generator.shuffle(files)
    step = seconds / count
    for number, (file, behaviour) in enumerate(zip(files, behaviours, strict=True)):
        second = (number + generator.random()) * step
        delay = generator.uniform(0.0, 3.0)
        size = generator.choice(file.sizes)
        is_fetched = generator.random() < 1 / fetch_every or file.is_always_fetched
        yield PlannedDownload(number, second, file, size, behaviour, delay, is_fetched)
