"""Deploys the stack that is measured, on an emulator of its own, with the test origin."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from integration_tests.support.clouds import Cloud, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, config_for, origins_for
from integration_tests.support.stack import Stack
from localcloud.emulator import Emulator
from localcloud.origin import Origin

NONE: Mapping[str, object] = MappingProxyType({})
COUNTER = Path(__file__).with_name("request_counter.py")


@dataclass(frozen=True)
class Counted:
    """A stack, its origin, and the file with its functions' requests to S3 and DynamoDB."""

    stack: Stack
    origin: Origin
    events: Path

    def calls(self) -> Counter[tuple[str, str]]:
        """Count the requests so far by service and operation."""
        requests = [json.loads(line) for line in self.events.read_text(encoding="utf-8").splitlines()]
        return Counter((request["service"], request["operation"]) for request in requests)


@contextmanager
def measured_stack(settings: Mapping[str, object] = NONE) -> Iterator[Stack]:
    """Deploy a stack on a new emulator; `settings` are configuration keys of the program."""
    with Origin() as origin, _emulator(observe=False) as (emulator, _), _deployed(emulator, origin, settings) as stack:
        yield stack


@contextmanager
def counted_stack(settings: Mapping[str, object] = NONE) -> Iterator[Counted]:
    """Deploy a stack on a new emulator that counts the functions' requests."""
    with (
        Origin() as origin,
        _emulator(observe=True) as (emulator, events),
        _deployed(emulator, origin, settings) as stack,
    ):
        yield Counted(stack, origin, events)


@contextmanager
def _emulator(*, observe: bool) -> Iterator[tuple[Cloud, Path]]:
    with (
        TemporaryDirectory() as folder,
        Emulator(log_path=Path(folder) / "emulator.log", observe=observe, observer=COUNTER) as emulator,
    ):
        yield emulated(emulator), emulator.events_path


@contextmanager
def _deployed(cloud: Cloud, origin: Origin, settings: Mapping[str, object]) -> Iterator[Stack]:
    logging.getLogger("localcloud.pulumi").setLevel(logging.ERROR)  # it warns of restAuth none, which is intended here
    with origins_for(cloud, origin.base_url, None) as origins:
        # all downloads have the same caller
        config = config_for(cloud, origins, {"auth.type": "none", "limits.maxDownloadsPerCaller": 0, **settings})
        with deployed(Engine.EMBEDDED, cloud, "bench", config, keep=lambda: True) as deployment:
            yield Stack(cloud, deployment.outputs, origin=FILES)
