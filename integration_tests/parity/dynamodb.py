"""moto's server as DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from integration_tests.parity.servers import serving
from localcloud.emulator import Emulator
from tools.parity.implementations import MOTO


@contextmanager
def running() -> Iterator[str]:
    """Run moto's server; give its URL."""
    with serving(
        lambda server: [
            str(MOTO.executable),
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            str(server.port),
        ],
        environment={"MOTO_ACCOUNT_ID": Emulator.account},
    ) as server:
        yield f"http://127.0.0.1:{server.port}"
