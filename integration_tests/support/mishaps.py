"""Journeys in which something has gone wrong behind the client's back, for the rights that are there for such days.

Told as in `journeys`. What AWS does in a bad moment (an event lost, a row expired, a goodbye never said) the operator
does here, by hand.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from integration_tests.support.journeys import SHORT, SLICED
from integration_tests.support.policies import end_workers
from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.waiting import gone, wait_for

ATTEMPTS = 5


def ask_after_a_crash(stack: Stack, patience: float) -> None:
    """Ask with an Idempotency-Key whose execution has ended and whose row is lost; a new download is made."""
    key, path = secrets.token_hex(16), unique("1")
    lost = stack.request(path, key=key)
    assert stack.ended(lost) == "SUCCEEDED"
    _forget(stack, lost)
    download = stack.request(path, key=key)
    assert download.id != lost.id
    with stack.connect(download) as socket:
        socket.receive("ready", deadline=patience)


def poll_a_lost_one(stack: Stack, patience: float) -> None:
    """Ask over REST for one whose execution has died without a word: it has failed, and its copy is taken away."""
    download = _lost(stack)
    answer = stack.status(download)
    assert (answer.status, answer.body.get("status")) == (200, "FAILED")
    wait_for(lambda: stack.has_object(download), patience, until=gone)


def ask_for_a_lost_one(stack: Stack, patience: float) -> None:
    """Ask over the socket for one whose execution has died without a word: it has failed, and its copy goes."""
    download = _lost(stack)
    with stack.connect(download) as socket:
        assert socket.ask("status", "failed", "status", deadline=patience)["type"] == "failed"
    wait_for(lambda: stack.has_object(download), patience, until=gone)


def never_say_goodbye(stack: Stack, patience: float) -> None:
    """Vanish without `$disconnect` before the file is there: both tables forget the connection."""
    download = stack.request(unique("1", SHORT))
    _wait_until_forgotten(stack, download, _left_behind(stack, download), patience)


def never_say_goodbye_to_a_failure(stack: Stack, patience: float) -> None:
    """Vanish without `$disconnect` before the copy fails: both tables forget the connection."""
    download = stack.request(unique("1", f"{SHORT}&status=404"))
    _wait_until_forgotten(stack, download, _left_behind(stack, download), patience)


def be_half_forgotten(stack: Stack, _patience: float) -> None:
    """Lose the row of a connection and not its place in the download's; closing the idle sets that right."""
    download = stack.request(unique("1"))
    assert stack.ended(download) == "SUCCEEDED"
    connection_id = _left_behind(stack, download)
    stack.cloud.client("dynamodb").delete_item(
        TableName=stack.outputs["connectionsTableName"], Key={"connectionId": {"S": connection_id}}
    )
    assert stack.close_idle(download, connection_id, since=time.time()) == {"closed": 0, "gone": 1, "inUse": 0}
    assert stack.connection_ids(download) == set()


def find_the_place_taken(stack: Stack, _patience: float) -> None:
    """Find another object where the slices should be put together; it stays, and the download fails for that reason."""
    download = stack.request(unique(SLICED, "rate=6000000"))
    wait_for(lambda: stack.uploads(download), 10)
    place = {"Bucket": stack.bucket, "Key": stack.object_key(download)}
    stack.cloud.client("s3").put_object(**place, Body=b"of somebody else")
    assert stack.ended(download) == "FAILED"
    assert (stack.download_row(download) or {})["failure"]["code"] == "STORAGE_ERROR"
    assert stack.has_object(download)
    stack.cloud.client("s3").delete_object(**place)


def expire_meanwhile(stack: Stack, patience: float) -> None:
    """Let the row expire while the file is copied: the copy that came too late is taken away."""
    path = unique("0", "first_byte=1&ranges=no")  # without a byte the worker does not look at the row meanwhile,
    download = stack.request(path, sha256=hashlib.sha256().hexdigest())  # and with a sum it shares with nobody
    wait_for(lambda: stack.asked(path), 10)  # by then the worker has read the row
    _forget(stack, download)
    assert stack.ended(download) == "FAILED"
    wait_for(lambda: stack.has_object(download), patience, until=gone)


def expire_while_slices_are_put_together(stack: Stack, patience: float) -> None:
    """Let the row expire while slices are put together: the object that came too late is taken away."""
    for _ in range(ATTEMPTS):
        download = stack.request(unique(SLICED))
        if _forgotten_at_the_last_moment(stack, download):
            assert stack.ended(download) == "FAILED"
            wait_for(lambda: stack.has_object(download), patience, until=gone)  # noqa: B023 - called here
            return
    raise AssertionError("The row was never caught at the right moment.")


def be_cleaned_up_after(stack: Stack, patience: float) -> None:
    """Lose the worker in the middle of a large file that is stopped; the unfinished upload goes all the same."""
    download = stack.request(unique("60MB", "rate=12000000"))
    wait_for(lambda: stack.uploads(download), 10)
    stack.cloud.client("stepfunctions").stop_execution(executionArn=download.execution_arn)
    end_workers(stack, "copy")
    wait_for(lambda: stack.uploads(download), patience, until=gone)


def be_cleaned_up_after_slices(stack: Stack, patience: float) -> None:
    """Cancel a file while it is copied in slices; nothing of it stays, and its row knows of no upload."""
    download = stack.request(unique(SLICED, "rate=6000000"))
    wait_for(lambda: stack.has_entered(download, "CopySlices"), 10)  # the worker that began the upload has ended
    assert stack.cancel(download).status == 202
    wait_for(lambda: stack.uploads(download), patience + 3, until=gone)
    wait_for(lambda: "uploadId" in (stack.download_row(download) or {}), patience + 3, until=gone)


def _lost(stack: Stack) -> Requested:
    """A download with a copy whose row says that it is being copied, and has not moved for ten minutes."""
    download = stack.request(unique("1"))
    assert stack.ended(download) == "SUCCEEDED"
    before = (datetime.now(UTC) - timedelta(minutes=10)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stack.cloud.client("dynamodb").update_item(
        TableName=stack.outputs["downloadsTableName"],
        Key={"executionArn": {"S": download.execution_arn}},
        UpdateExpression="SET #status = :copying, updatedAt = :before",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":copying": {"S": "COPYING"}, ":before": {"S": before}},
    )
    return download


def _left_behind(stack: Stack, download: Requested) -> str:
    """The id of a connection that is in both tables, opened a minute ago, and that no socket belongs to."""
    connection_id = f"gone-{secrets.token_hex(6)}"
    stack.put_connection(download, connection_id)
    return connection_id


def _wait_until_forgotten(stack: Stack, download: Requested, connection_id: str, patience: float) -> None:
    stack.ended(download)
    wait_for(lambda: stack.connection_row(connection_id), patience, until=gone)
    wait_for(lambda: stack.connection_ids(download), patience, until=gone)


def _forget(stack: Stack, download: Requested, condition: str = "attribute_exists(executionArn)") -> None:
    stack.cloud.client("dynamodb").delete_item(
        TableName=stack.outputs["downloadsTableName"],
        Key={"executionArn": {"S": download.execution_arn}},
        ConditionExpression=condition,
    )


def _forgotten_at_the_last_moment(stack: Stack, download: Requested) -> bool:
    """Take the row away as soon as it says what the object will be; False when that came too late."""
    while stack.execution(download) == "RUNNING":
        try:
            _forget(stack, download, "attribute_exists(digest)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return True
    return False
