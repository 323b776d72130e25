"""The ports of the runtime, in memory: each keeps what the real one keeps, and can be told to fail."""

from tests.runtime.fakes.callers import FakeCallers
from tests.runtime.fakes.calls import STATE_MACHINE, FakeClosing, FakeExecutions, FakeFunctions, FakeTasks
from tests.runtime.fakes.clock import FakeClock
from tests.runtime.fakes.connections import FakeConnections
from tests.runtime.fakes.copies import Claimed, FakeCopies
from tests.runtime.fakes.downloads import FakeDownloads
from tests.runtime.fakes.objects import FakeObjects, StoredObject, Upload
from tests.runtime.fakes.origins import Asked, FakeBody, FakeOrigins, nothing
from tests.runtime.fakes.secrets import FakeSecrets, FakeSigner
from tests.runtime.fakes.sockets import FakeSockets

__all__ = [
    "STATE_MACHINE",
    "Asked",
    "Claimed",
    "FakeBody",
    "FakeCallers",
    "FakeClock",
    "FakeClosing",
    "FakeConnections",
    "FakeCopies",
    "FakeDownloads",
    "FakeExecutions",
    "FakeFunctions",
    "FakeObjects",
    "FakeOrigins",
    "FakeSecrets",
    "FakeSigner",
    "FakeSockets",
    "FakeTasks",
    "StoredObject",
    "Upload",
    "nothing",
]
