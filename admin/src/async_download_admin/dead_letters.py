"""Messages of the dead-letter queue: the call or the event that failed, and the call that repeats it.

Three kinds arrive there: records of Lambda about an asynchronous call that failed, status events that EventBridge could
not hand to `fail`, and status events of the idle closer. Only `fail`, `deliver` and `close` of this stack are called,
for downloads of this stack: any other message is unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from async_download_client.text import printable

from async_download_admin.items import iso
from async_download_admin.masking import mask
from async_download_admin.stack import Stack

SOCKET_LIFE = timedelta(hours=2)
"""API Gateway closes every WebSocket after this time."""
_EVENT = "Step Functions Execution Status Change"
_KEYS = {"fail": {"executionArn", "error"}, "deliver": {"executionArn", "connectionId"}}
_CLOSE_KEYS = {"executionArn", "connectionIds", "since"}


@dataclass(frozen=True)
class Call:
    """A call of a function: its key in `functionNames`, and its payload."""

    function: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class DeadLetter:
    """A message. `call` repeats what failed; None if nothing is left to do, or if there is a `problem`."""

    message_id: str
    receipt_handle: str = field(repr=False)
    sent_at: datetime | None
    kind: str
    download_id: str | None = None
    reason: str | None = None
    call: Call | None = None
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the message for `json.dumps`."""
        return {
            "messageId": self.message_id,
            "sentAt": iso(self.sent_at) if self.sent_at else None,
            "kind": self.kind,
            "downloadId": self.download_id,
            "reason": self.reason,
            "calls": self.call.function if self.call else None,
            "problem": self.problem,
        }


class _UnreadableError(Exception):
    """A message that is none of the three kinds; its text says why."""


def parse(stack: Stack, message: Mapping[str, Any], now: datetime | None = None) -> DeadLetter:
    """Return a message of the queue; `problem` says why it is unreadable."""
    sent = message.get("Attributes", {}).get("SentTimestamp")
    sent_at = datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None
    head = {"message_id": message["MessageId"], "receipt_handle": message["ReceiptHandle"], "sent_at": sent_at}
    try:
        body = _object(message.get("Body", ""), "it is not a JSON object")
        if "requestContext" in body:
            return DeadLetter(**head, **_record(stack, body))
        if body.get("source") == "aws.states" and body.get("detail-type") == _EVENT:
            reason = _text((message.get("MessageAttributes") or {}).get("ERROR_MESSAGE", {}).get("StringValue"))
            return DeadLetter(**head, **({"reason": reason} | _event(stack, body, now or datetime.now(UTC))))
        raise _UnreadableError("it is neither a record of Lambda nor a status event of Step Functions")
    except _UnreadableError as error:
        return DeadLetter(**head, kind="unreadable", problem=str(error))


def _record(stack: Stack, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record of Lambda about an asynchronous call."""
    context, response = (_mapping(body.get(name)) for name in ("requestContext", "responsePayload"))
    parts = str(context.get("functionArn", "")).split(":")
    name = parts[6] if len(parts) > 6 else ""
    function = next((key for key, value in stack.outputs.function_names.items() if value == name), None)
    if function not in (*_KEYS, "close"):
        raise _UnreadableError(f"it is a call of {printable(name or 'no function')}, not of fail, deliver or close")
    payload = body.get("requestPayload")
    error = ": ".join(str(response[key]) for key in ("errorType", "errorMessage") if response.get(key))
    reason = _text(error or context.get("condition"))
    if function == "fail" and isinstance(payload, Mapping) and "detail" in payload:
        return {"reason": reason} | _event(stack, payload, datetime.now(UTC))
    allowed = _CLOSE_KEYS if function == "close" else _KEYS[function]
    call = Call(function, _payload(stack, payload, allowed))
    arn = str(call.payload["executionArn"])
    return {"kind": f"call of {function}", "download_id": stack.download_id(arn), "reason": reason, "call": call}


def _event(stack: Stack, event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the fields of a status event, of the state machine or of the idle closer."""
    detail = _mapping(event.get("detail"))
    machine, status = detail.get("stateMachineArn"), str(detail.get("status", ""))
    if machine == stack.outputs.state_machine_arn:
        arn = _own_arn(stack, detail.get("executionArn"))
        call = Call("fail", {"detail": {"executionArn": arn, "status": status}})
        return {"kind": f"status event {printable(status)}", "download_id": stack.download_id(arn), "call": call}
    if machine != stack.outputs.idle_closer_machine_arn:
        raise _UnreadableError("it is a status event of another state machine")
    fields: dict[str, Any] = {"kind": f"idle closer {printable(status)}"}
    try:
        payload = _payload(stack, _object(detail.get("input", ""), "its input is missing"), _CLOSE_KEYS)
    except _UnreadableError:
        if now - _time(event.get("time")) >= SOCKET_LIFE:
            return fields  # nothing is left to do
        raise _UnreadableError(
            "it has no input to call `close` with; two hours after the event it can be deleted, as API Gateway has "
            "closed the WebSockets by then"
        ) from None
    arn = str(payload["executionArn"])
    return fields | {"download_id": stack.download_id(arn), "call": Call("close", payload)}


def _payload(stack: Stack, payload: object, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(payload, Mapping) or not payload.keys() <= allowed:
        raise _UnreadableError("its payload is not that of a call of this stack")
    if allowed == _CLOSE_KEYS and payload.keys() != allowed:
        raise _UnreadableError("its payload is not complete")
    return {**payload, "executionArn": _own_arn(stack, payload.get("executionArn"))}


def _own_arn(stack: Stack, arn: object) -> str:
    if not isinstance(arn, str) or not arn.startswith(stack.outputs.execution_arn("")):
        raise _UnreadableError("its executionArn is not that of a download of this stack")
    return arn


def _object(text: object, problem: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, Mapping):
        raise _UnreadableError(problem)
    return content


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return printable(mask(str(value), 200)) if value else None


def _time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
