"""The kinds of log lines. docs/operations.md has a table of them, which a test holds equal to this one.

The identifier of a step stays the same for good: saved queries, metric filters and alarms of operators use it.
"""

from __future__ import annotations

INFO, WARN, ERROR = "INFO", "WARN", "ERROR"
CALL_FIELDS = ("requestId", "functionVersion")
"""Fields of each line within a call of a function."""

DOWNLOAD_FIELDS = ("downloadId", "executionArn", "origin", "path", "owner")
"""Fields of each line about a download; `path` is without its query, which may be a signature."""

_COUNTS = "posted gone notOpen busy refused"


class Step:
    """A kind of log line. A plain class: an enumeration would cost a millisecond of each cold start.

    `fields` are those that a line may have beside `CALL_FIELDS` and `DOWNLOAD_FIELDS`, separated by blanks.
    """

    def __init__(self, identifier: str, level: str, message: str, fields: str) -> None:
        self.identifier = identifier
        self.level = level
        self.message = message
        self.fields = fields


# The way of a download
REQUESTED = Step("requested", INFO, "The download was requested", "size")
REQUESTED_AGAIN = Step("requestedAgain", INFO, "A request was repeated with its Idempotency-Key", "status")
COPY_STARTED = Step("copyStarted", INFO, "A worker starts to copy the file", "status size")
FIRST_BYTE = Step("firstByte", INFO, "The origin has answered with the file", "size seconds")
RETRIED = Step("retried", WARN, "The worker tries again after a pause", "code fault attempt seconds")
WITHOUT_RANGES = Step("withoutRanges", WARN, "The file is requested again, without ranges", "code fault reason")
PREPARING = Step("preparing", INFO, "The origin is requested again later", "attempt seconds reason")
REUSED = Step("reused", INFO, "The copy of another download is used", "size")
SLICED = Step("sliced", INFO, "The file is copied in slices", "size slices")
SLICE_COPIED = Step("sliceCopied", INFO, "A slice was copied", "slice bytes seconds bytesPerSecond")
SLICE_STOPPED = Step("sliceStopped", INFO, "A slice is not needed any more", "slice reason")
SLICE_FAILED = Step("sliceFailed", WARN, "A slice could not be copied", "slice code fault reason")
SLICES_CHECKED = Step("slicesChecked", INFO, "A batch of slices has ended", "outcome slices code fault reason")
COPY_ENDED = Step("copyEnded", INFO, "The worker has ended", "outcome code fault reason")
COPIED = Step("copied", INFO, "The copy is complete and verified", "bytes seconds bytesPerSecond")
COPY_DISCARDED = Step("copyDiscarded", INFO, "The download has ended before its copy", "status")

# The end of a download
READY = Step("ready", INFO, "The download is READY", "size bytes seconds")
FAILED = Step("failed", WARN, "The download is FAILED", "code fault reason size bytes seconds")
CANCELLED = Step("cancelled", INFO, "The download is CANCELLED", "size bytes seconds")
PUSHED = Step("pushed", INFO, "A message was pushed to the connected clients", f"type seconds {_COUNTS}")
REPLAYED = Step("replayed", INFO, "The result was pushed to a client that connected later", f"type seconds {_COUNTS}")
PUSHES_GIVEN_UP = Step("pushesGivenUp", WARN, "Connected clients missed a message", f"type pushesGivenUp {_COUNTS}")
PUSH_REFUSED = Step("pushRefused", WARN, "API Gateway refused a message", "connectionId reason")
CLEANED_UP = Step("cleanedUp", INFO, "What was left of the copy is removed", "status uploadAborted objectDeleted")
EVENT_SENT = Step("eventSent", INFO, "The event of the end was sent", "status")
EVENT_DELAYED = Step("eventDelayed", WARN, "The event bus did not take the event yet", "attempt reason")
WAITERS_RESUMED = Step("waitersResumed", INFO, "Downloads that waited for this copy go on", "waiters")
WAITER_NOT_RESUMED = Step("waiterNotResumed", WARN, "A download that waited for this copy was not resumed", "reason")

# Connections and requests
CONNECTED = Step("connected", INFO, "A client has connected", "connectionId status")
DISCONNECTED = Step("disconnected", INFO, "A client has disconnected", "connectionId")
EVICTED = Step("evicted", INFO, "Lost connections were removed for a new one", "connections")
REVOKED = Step("revoked", INFO, "A connection whose ticket was revoked is not served any more", "connectionId")
IDLE_CLOSED = Step("idleClosed", INFO, "Idle WebSockets were closed", "closed gone inUse")
IDLE_CLOSER_NOT_STARTED = Step("idleCloserNotStarted", WARN, "API Gateway has to close the idle WebSockets", "reason")
SOCKET_NOT_CLOSED = Step("socketNotClosed", WARN, "An idle WebSocket could not be closed yet", "attempt reason")
ANSWER_LOST = Step("answerLost", INFO, "A client has disconnected before the answer to its message", "connectionId")
USE_NOT_RECORDED = Step("useNotRecorded", WARN, "The use of a WebSocket could not be recorded", "connectionId reason")
REQUEST_REFUSED = Step("requestRefused", INFO, "A request was refused", "code fault status")
REQUEST_FAILED = Step("requestFailed", ERROR, "A request failed", "code fault status reason errorType where")

# Functions
TASK_FAILED = Step("taskFailed", WARN, "A task failed; the state machine may repeat it", "code fault errorType")
PROGRESS_NOT_RECORDED = Step("progressNotRecorded", WARN, "The progress could not be recorded", "reason")
PROGRESS_NOT_SENT = Step("progressNotSent", WARN, "The progress could not be sent", "reason")
DOWNLOAD_NOT_READ = Step("downloadNotRead", WARN, "The download could not be read; the copy goes on", "reason")
FUNCTION_NOT_PREPARED = Step("functionNotPrepared", WARN, "The function could not be prepared", "errorType")
ADAPTER_NOT_PREPARED = Step("adapterNotPrepared", WARN, "An adapter could not be prepared", "adapter reason")
