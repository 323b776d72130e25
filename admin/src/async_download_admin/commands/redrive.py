"""`redrive`: works off the dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from async_download_admin.commands import Result
from async_download_admin.dead_letters import Call, DeadLetter, parse
from async_download_admin.errors import AwsCallError, EndpointError
from async_download_admin.executions import short_cause
from async_download_admin.stack import Stack
from async_download_admin.tables import table

LEFT = 6
"""Exit code: messages are left that are unreadable, or whose call failed."""
_SHOW_SECONDS = 120  # for which shown messages are hidden, at most
_CALL_SECONDS = 900  # ten calls of up to a minute, and room
_WAIT_SECONDS = 1
_COLUMNS = ("SENT", "MESSAGE", "DOWNLOAD", "REASON", "RESULT")


def redrive(stack: Stack, *, apply: bool, limit: int) -> Result:
    """Show at most `limit` messages; with `apply`, call the functions again and delete the messages that succeeded."""
    rows: list[dict[str, Any]] = []
    kept: list[DeadLetter] = []
    try:
        for batch in _receive(stack, limit, _CALL_SECONDS if apply else _SHOW_SECONDS):
            kept += batch
            for letter in batch:
                result, is_left = _work_off(stack, letter) if apply else _plan(letter)
                rows.append(letter.as_json() | {"result": result, "isLeft": is_left})
                if apply and not is_left:
                    kept.remove(letter)
    finally:
        _release(stack, kept)
    left = sum(row["isLeft"] for row in rows)
    content = {"messages": rows, "applied": apply, "left": left}
    return Result(content, _text(rows, apply=apply, left=left), LEFT if left else 0)


def _receive(stack: Stack, limit: int, seconds: int) -> Iterator[list[DeadLetter]]:
    """Yield up to ten messages at a time, each of them once; others cannot receive them for some seconds."""
    shown: set[str] = set()
    while len(shown) < limit:
        response = stack.call(
            "sqs",
            "ReceiveMessage",
            QueueUrl=stack.outputs.dead_letter_queue_url,
            MaxNumberOfMessages=min(10, limit - len(shown)),
            VisibilityTimeout=seconds,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        letters = [parse(stack, message) for message in response.get("Messages", ())]
        new = [letter for letter in letters if letter.message_id not in shown]
        shown.update(letter.message_id for letter in new)
        if not new:
            return
        yield new


def _plan(letter: DeadLetter) -> tuple[str, bool]:
    if letter.problem:
        return f"unreadable: {letter.problem}", True
    return (f"would call {letter.call.function}" if letter.call else "would be deleted: nothing is left to do"), False


def _work_off(stack: Stack, letter: DeadLetter) -> tuple[str, bool]:
    """Call the function and delete the message; return the result, and whether the message is left."""
    if letter.problem:
        return f"unreadable, kept: {letter.problem}", True
    if letter.call is not None and (failure := _invoke(stack, letter.call)):
        return f"{letter.call.function} failed, kept: {failure}", True
    queue_url = stack.outputs.dead_letter_queue_url
    stack.call("sqs", "DeleteMessage", QueueUrl=queue_url, ReceiptHandle=letter.receipt_handle)
    return (f"called {letter.call.function}, deleted" if letter.call else "deleted: nothing is left to do"), False


def _invoke(stack: Stack, call: Call) -> str | None:
    """Call a function and wait for its end; return why it failed, or None."""
    name = stack.outputs.function_names[call.function]
    try:
        response = stack.call("lambda", "Invoke", FunctionName=name, Payload=json.dumps(call.payload).encode())
    except (AwsCallError, EndpointError) as error:
        return str(error)
    payload = response["Payload"].read().decode("utf-8", "replace")
    return short_cause(payload) if "FunctionError" in response else None


def _release(stack: Stack, letters: list[DeadLetter]) -> None:
    """Let others receive messages again at once; a message that has been released already is left as it is."""
    for letter in letters:
        try:
            stack.call(
                "sqs",
                "ChangeMessageVisibility",
                QueueUrl=stack.outputs.dead_letter_queue_url,
                ReceiptHandle=letter.receipt_handle,
                VisibilityTimeout=0,
            )
        except AwsCallError as error:
            if error.aws_code not in ("InvalidParameterValue", "MessageNotInflight", "ReceiptHandleIsInvalid"):
                raise


def _text(rows: list[dict[str, Any]], *, apply: bool, left: int) -> str:
    if not rows:
        return "The dead-letter queue is empty."
    names = ("sentAt", "kind", "downloadId", "reason", "result")
    parts = [table(_COLUMNS, [[row[name] for name in names] for row in rows])]
    noun = "message" if len(rows) == 1 else "messages"
    if apply:
        parts.append(f"{len(rows)} {noun}: {len(rows) - left} worked off, {left} left.")
    else:
        parts.append(f"{len(rows)} {noun}, {left} unreadable. Nothing was changed: --yes works off the others.")
    return "\n".join(parts)
