"""In-memory implementations of the runtime's ports; each can be made to fail."""

from tests.runtime.support.fakes.callers import FakeCallers
from tests.runtime.support.fakes.calls import STATE_MACHINE, FakeExecutions, FakeFunctions, FakeIdleCloser, FakeTasks
from tests.runtime.support.fakes.clock import FakeClock
from tests.runtime.support.fakes.connections import FakeConnections
from tests.runtime.support.fakes.copies import CopyItem, FakeCopies
from tests.runtime.support.fakes.downloads import FakeDownloads
from tests.runtime.support.fakes.event_bus import FakeEventBus
from tests.runtime.support.fakes.objects import FakeObjects, StoredObject, Upload
from tests.runtime.support.fakes.origins import FakeBody, FakeOrigins, OriginRequest, do_nothing
from tests.runtime.support.fakes.secrets import FakeSecrets, FakeSigner
from tests.runtime.support.fakes.sockets import FakeSockets

__all__ = [
    "STATE_MACHINE",
    "CopyItem",
    "FakeBody",
    "FakeCallers",
    "FakeClock",
    "FakeConnections",
    "FakeCopies",
    "FakeDownloads",
    "FakeEventBus",
    "FakeExecutions",
    "FakeFunctions",
    "FakeIdleCloser",
    "FakeObjects",
    "FakeOrigins",
    "FakeSecrets",
    "FakeSigner",
    "FakeSockets",
    "FakeTasks",
    "OriginRequest",
    "StoredObject",
    "Upload",
    "do_nothing",
]
