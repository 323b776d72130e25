"""The stack that is measured: deployed on an emulator of its own, with our origin."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, config_for, origins_for
from integration_tests.support.stack import Stack
from localcloud.emulator import Emulator
from localcloud.origin import Origin


@contextmanager
def measured_stack(**settings: object) -> Iterator[Stack]:
    """A fresh stack on a fresh emulator; `settings` are configuration keys of the program."""
    logging.getLogger("localcloud.pulumi").setLevel(logging.ERROR)  # it warns of what is meant here
    with (
        TemporaryDirectory() as folder,
        Emulator(log_path=Path(folder) / "emulator.log") as emulator,
        Origin() as origin,
    ):
        cloud = Cloud(Target.EMULATOR, emulator.region, emulator.endpoint, emulator.log_path)
        with origins_for(cloud, origin.base_url, None) as origins:
            config = config_for(cloud, origins, restAuth="none", **settings)
            with deployed(Engine.EMBEDDED, cloud, "bench", config, keep=lambda: True) as outputs:
                yield Stack(cloud, outputs, origin=FILES)
