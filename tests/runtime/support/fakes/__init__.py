"""The ports of the runtime, in memory: each keeps what the real one keeps, and can be told to fail."""

from tests.runtime.support.fakes.callers import FakeCallers
from tests.runtime.support.fakes.calls import STATE_MACHINE, FakeExecutions, FakeFunctions, FakeIdleCloser, FakeTasks
from tests.runtime.support.fakes.clock import FakeClock
from tests.runtime.support.fakes.connections import FakeConnections
from tests.runtime.support.fakes.copies import Claimed, FakeCopies
from tests.runtime.support.fakes.downloads import FakeDownloads
from tests.runtime.support.fakes.objects import FakeObjects, StoredObject, Upload
from tests.runtime.support.fakes.origins import Asked, FakeBody, FakeOrigins, nothing
from tests.runtime.support.fakes.secrets import FakeSecrets, FakeSigner
from tests.runtime.support.fakes.sockets import FakeSockets

__all__ = [
    "STATE_MACHINE",
    "Asked",
    "Claimed",
    "FakeBody",
    "FakeCallers",
    "FakeClock",
    "FakeConnections",
    "FakeCopies",
    "FakeDownloads",
    "FakeExecutions",
    "FakeFunctions",
    "FakeIdleCloser",
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
