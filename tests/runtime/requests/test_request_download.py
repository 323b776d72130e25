"""An order is a row first, then an execution, then a ticket."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from runtime.errors import (
    IdempotencyKeyReusedError,
    InvalidPathError,
    InvalidRequestError,
    RequestError,
    RequestTooLargeError,
    ServiceError,
    UnknownOriginError,
)
from runtime.logic.copying import limits, plan
from runtime.logic.requests import tickets
from runtime.logic.requests.request_download import DownloadRequest, RequestDownload
from runtime.models import Download, Origin, Status
from tests.runtime.support.fakes import STATE_MACHINE
from tests.runtime.support.world import ORIGIN, World

ORDER = DownloadRequest(owner="iam:alice", origin="reports", path="a/b.csv")
KEYED = replace(ORDER, idempotency_key="order-1")


def only_row(world: World) -> Download:
    """The one row that there is."""
    (row,) = world.downloads.rows.values()
    return row


def ticket_in(body: dict[str, object]) -> tickets.Ticket:
    """The ticket in an answer."""
    return tickets.parse(str(body["webSocketEndpoint"]).partition("?ticket=")[2])


def test_an_order_is_answered_with_all_that_is_needed_to_go_on(world: World) -> None:
    """Id, ARN, socket with ticket, status URL and end."""
    body = world.request.run(ORDER)
    row = only_row(world)
    assert body == {
        "downloadId": row.download_id,
        "executionArn": row.execution_arn,
        "webSocketEndpoint": f"wss://socket.example/v1?ticket={ticket_in(body).text}",
        "statusUrl": f"https://rest.example/v1/downloads/{row.download_id}",
        "expiresAt": "2027-01-15T09:00:00.000Z",
    }
    assert row.execution_arn == f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{row.download_id}"
    assert re.fullmatch(r"[0-9a-f]{32}", row.download_id)
    assert world.executions.started == [row.download_id]


def test_the_row_has_the_hash_of_the_ticket_and_no_secret(world: World) -> None:
    """Whoever reads the table cannot connect."""
    ticket = ticket_in(world.request.run(ORDER))
    row = only_row(world)
    assert row.ticket_hashes == (ticket.hash,)
    assert ticket.secret not in repr(row)
    assert (row.status, row.owner, row.origin, row.path) == (Status.PENDING, "iam:alice", "reports", "a/b.csv")
    assert row.expires_at == int(world.clock.now()) + 3600


def test_the_row_is_written_before_the_execution_starts(world: World) -> None:
    """A worker that is fast finds it."""
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    with pytest.raises(ServiceError):
        world.request.run(ORDER)
    assert only_row(world).status is Status.PENDING


def test_every_order_without_a_key_is_another_download(world: World) -> None:
    """Even the same one."""
    assert world.request.run(ORDER)["downloadId"] != world.request.run(ORDER)["downloadId"]


def test_a_repeated_key_gives_the_same_download_and_a_further_ticket(world: World) -> None:
    """Both tickets open it; it is started once."""
    first, second = world.request.run(KEYED), world.request.run(KEYED)
    assert first["downloadId"] == second["downloadId"]
    hashes = only_row(world).ticket_hashes
    assert ticket_in(first).text != ticket_in(second).text
    assert ticket_in(first).opens(hashes)
    assert ticket_in(second).opens(hashes)
    assert len(world.executions.started) == 1


def test_the_oldest_of_more_than_five_tickets_goes(world: World) -> None:
    """The row stays small."""
    issued = [ticket_in(world.request.run(KEYED)) for _ in range(6)]
    hashes = only_row(world).ticket_hashes
    assert [ticket.opens(hashes) for ticket in issued] == [False] + [True] * 5


def test_a_further_ticket_survives_another_writer(world: World) -> None:
    """Two repeats at once keep each other's ticket."""
    first = ticket_in(world.request.run(KEYED))
    other = tickets.issue("f" * 32)

    def while_waiting(operation: str) -> None:
        if operation == "downloads.replace_tickets" and other.hash not in only_row(world).ticket_hashes:
            row = only_row(world)
            world.downloads.rows[row.execution_arn] = replace(row, ticket_hashes=(*row.ticket_hashes, other.hash))

    world.downloads.before = while_waiting
    second = ticket_in(world.request.run(KEYED))
    assert set(only_row(world).ticket_hashes) == {first.hash, other.hash, second.hash}


@pytest.mark.parametrize("change", [{"path": "other.csv"}, {"file_name": "x.csv"}, {"sha256": "a" * 64}, {"size": 9}])
def test_a_key_with_another_body_is_refused(world: World, change: dict[str, Any]) -> None:
    """It would get another file than it asked for."""
    world.request.run(KEYED)
    with pytest.raises(IdempotencyKeyReusedError):
        world.request.run(replace(KEYED, **change))
    assert len(only_row(world).ticket_hashes) == 1


def test_another_caller_with_the_same_key_gets_another_download(world: World) -> None:
    """Keys are each caller's own."""
    assert world.request.run(KEYED)["downloadId"] != world.request.run(replace(KEYED, owner="iam:bob"))["downloadId"]
    swapped = replace(KEYED, owner="1", idempotency_key="12"), replace(KEYED, owner="21", idempotency_key="1")
    assert world.request.run(swapped[0])["downloadId"] != world.request.run(swapped[1])["downloadId"]


def test_a_repeat_starts_what_was_written_but_never_started(world: World) -> None:
    """A crash between the two is mended by asking again."""
    world.executions.error = ServiceError("StartExecution", "ServiceUnavailable")
    with pytest.raises(ServiceError):
        world.request.run(KEYED)
    world.executions.error = None
    body = world.request.run(KEYED)
    assert world.executions.started == [body["downloadId"]]


@pytest.mark.parametrize("status", [Status.COPYING, Status.READY, Status.FAILED, Status.CANCELLED])
def test_a_repeat_of_what_is_under_way_or_over_starts_nothing(world: World, status: Status) -> None:
    """The same key has the same result."""
    first = world.request.run(KEYED)
    row = only_row(world)
    world.downloads.rows[row.execution_arn] = replace(row, status=status)
    assert world.request.run(KEYED)["downloadId"] == first["downloadId"]
    assert len(world.executions.started) == 1


def test_a_name_that_an_expired_download_used_is_passed_over(world: World) -> None:
    """Its execution blocks the name for ninety days."""
    first = world.request.run(KEYED)
    world.clock.time += 3601
    second = world.request.run(KEYED)
    assert second["downloadId"] != first["downloadId"]
    assert world.request.run(KEYED)["downloadId"] == second["downloadId"]


def test_a_name_whose_row_is_gone_is_passed_over(world: World) -> None:
    """TTL removed the row, but the closed execution is still known."""
    first = world.request.run(KEYED)
    world.downloads.rows.clear()
    world.executions.statuses = dict.fromkeys(world.executions.statuses, "SUCCEEDED")
    second = world.request.run(KEYED)
    assert second["downloadId"] != first["downloadId"]
    stale = world.downloads.rows[str(first["executionArn"])]
    assert stale.is_expired(world.clock.now())
    assert world.request.run(KEYED)["downloadId"] == second["downloadId"]


def test_an_execution_that_runs_already_is_ours(world: World) -> None:
    """Its reply was lost, or another request was faster."""
    first = world.request.run(KEYED)
    world.downloads.rows.clear()
    assert world.request.run(KEYED)["downloadId"] == first["downloadId"]


def test_an_execution_that_ended_on_our_row_is_ours(world: World) -> None:
    """It was so fast that it is over before the repeat looks."""
    first = world.request.run(KEYED)

    def ends(operation: str) -> None:
        if operation == "downloads.expire":
            row = only_row(world)
            world.downloads.rows[row.execution_arn] = replace(row, status=Status.READY)

    world.executions.statuses = dict.fromkeys(world.executions.statuses, "SUCCEEDED")
    world.downloads.before = ends
    assert world.request.run(KEYED)["downloadId"] == first["downloadId"]


def test_names_run_out_at_last(world: World) -> None:
    """Rather than looping."""
    world.executions.statuses = _Ended()
    with pytest.raises(ServiceError, match="NoFreeName"):
        world.request.run(KEYED)


class _Ended(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return True

    def get(self, _key: object, _default: object = None) -> str:
        return "FAILED"


def with_origins(world: World, **origins: Origin) -> RequestDownload:
    """The use case with other origins."""
    return replace(world.request, origins=origins)


def test_the_origin_may_be_left_out_when_there_is_one(world: World) -> None:
    """And the path when the origin has a default."""
    world.request.run(DownloadRequest(owner="iam:alice"))
    row = only_row(world)
    assert (row.origin, row.path) == ("reports", "latest.csv")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"origin": "other"}, UnknownOriginError, "reports"),
        ({"origin": ""}, UnknownOriginError, "reports"),
        ({"path": "../x"}, InvalidPathError, "segments"),
        ({"path": ""}, InvalidPathError, "characters"),
        ({"path": "https://other/x"}, InvalidPathError, "scheme"),
        ({"file_name": "a/b"}, InvalidRequestError, "fileName"),
        ({"file_name": ""}, InvalidRequestError, "fileName"),
        ({"file_name": 'a"; x="b'}, InvalidRequestError, "fileName"),
        ({"sha256": "abc"}, InvalidRequestError, "sha256"),
        ({"sha256": "g" * 64}, InvalidRequestError, "sha256"),
        ({"size": plan.LARGEST + 1}, RequestTooLargeError, "S3"),
        ({"size": limits.MAX_STREAMED + 1, "sha256": "a" * 64}, RequestTooLargeError, "without sha256"),
        ({"idempotency_key": ""}, InvalidRequestError, "Idempotency-Key"),
        ({"idempotency_key": "x" * 256}, InvalidRequestError, "Idempotency-Key"),
        ({"idempotency_key": "a\nb"}, InvalidRequestError, "Idempotency-Key"),
    ],
)
def test_a_bad_order_is_refused_with_what_to_mend(
    world: World, change: dict[str, Any], error: type[RequestError], said: str
) -> None:
    """Nothing is written."""
    with pytest.raises(error, match=said):
        world.request.run(replace(ORDER, **change))
    assert not world.downloads.rows
    assert not world.executions.started


UUID = "b0e3f9a4-51c7-4d2e-9a68-7c1f0d35e2b9"


@pytest.mark.parametrize("owner", ["key:abc", "address:198.51.100.7", "address:unknown"])
@pytest.mark.parametrize("key", ["order-4711", UUID.replace("-", "")[:31], "0" * 40, "12345" * 8])
def test_a_guessable_key_is_refused_where_callers_share_an_owner(world: World, owner: str, key: str) -> None:
    """Whoever guessed it would get another caller's download with a ticket; nothing is written or read."""
    with pytest.raises(InvalidRequestError, match="UUID"):
        world.request.run(replace(KEYED, owner=owner, idempotency_key=key))
    assert not world.downloads.calls
    assert not world.executions.started


@pytest.mark.parametrize("owner", ["key:abc", "address:198.51.100.7"])
@pytest.mark.parametrize("key", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_a_random_key_repeats_a_request_where_callers_share_an_owner(world: World, owner: str, key: str) -> None:
    """The downloader sends a UUID, the web page 32 hexadecimal digits."""
    order = replace(KEYED, owner=owner, idempotency_key=key)
    assert world.request.run(order)["downloadId"] == world.request.run(order)["downloadId"]


@pytest.mark.parametrize("owner", ["iam:alice", "identity:eu-west-1:u1", "user:u-1", "principal:alice"])
def test_a_short_key_is_enough_where_each_caller_is_an_owner(world: World, owner: str) -> None:
    assert world.request.run(replace(KEYED, owner=owner))["downloadId"]


def test_what_is_missing_is_named(world: World) -> None:
    """With what there is to choose from."""
    two = with_origins(world, a=replace(ORIGIN, name="a", default_path=None), b=ORIGIN)
    with pytest.raises(InvalidRequestError, match="a, b"):
        two.run(DownloadRequest(owner="x", path="y"))
    with pytest.raises(InvalidRequestError, match="default path"):
        two.run(DownloadRequest(owner="x", origin="a"))


@pytest.mark.parametrize(
    ("size", "sha256"), [(0, None), (plan.LARGEST, None), (0, "a" * 64), (limits.MAX_STREAMED, "a" * 64)]
)
def test_a_size_that_can_be_copied_is_noted(world: World, size: int, sha256: str | None) -> None:
    """The copy holds the origin's against it."""
    world.request.run(replace(ORDER, size=size, sha256=sha256))
    assert (only_row(world).expected_size, only_row(world).size) == (size, None)


@pytest.mark.security
@pytest.mark.parametrize("sha256", [None, "a" * 64])
def test_a_size_above_the_setting_is_refused(world: World, sha256: str | None) -> None:
    limited = replace(world.request, max_file_bytes=5000)
    with pytest.raises(RequestTooLargeError, match=r"5000 bytes.*maxFileMb"):
        limited.run(replace(ORDER, size=5001, sha256=sha256))
    assert not world.downloads.rows
    limited.run(replace(ORDER, size=5000, sha256=sha256))
    assert only_row(world).expected_size == 5000


def test_an_upper_case_sha256_is_the_same(world: World) -> None:
    """Hex is hex."""
    world.request.run(replace(KEYED, sha256="AB" * 32))
    assert only_row(world).sha256 == "ab" * 32
    world.request.run(replace(KEYED, sha256="ab" * 32))
