"""A request writes the row first, then starts the execution, then returns a ticket."""

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
from runtime.models import Download, Origin, Preparation, Status, Target, iso
from tests.runtime.support.fakes import STATE_MACHINE
from tests.runtime.support.world import ORIGIN, World

REQUEST = DownloadRequest(owner="iam:alice", origin="reports", path="a/b.csv")
KEYED = replace(REQUEST, idempotency_key="order-1")


def only_row(world: World) -> Download:
    """Return the only row."""
    (row,) = world.downloads.rows.values()
    return row


def ticket_in(response: dict[str, object]) -> tickets.Ticket:
    """Return the ticket in a response."""
    return tickets.parse(str(response["webSocketEndpoint"]).partition("?ticket=")[2])


def test_response_has_id_arn_socket_status_url_and_expiry(world: World) -> None:
    response = world.request_download.run(REQUEST)
    row = only_row(world)
    assert response == {
        "downloadId": row.download_id,
        "executionArn": row.execution_arn,
        "webSocketEndpoint": f"wss://socket.example/v1?ticket={ticket_in(response).text}",
        "statusUrl": f"https://rest.example/v1/downloads/{row.download_id}",
        "expiresAt": "2027-01-15T09:00:00.000Z",
    }
    assert row.execution_arn == f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{row.download_id}"
    assert re.fullmatch(r"[0-9a-f]{32}", row.download_id)
    assert world.executions.started == [row.download_id]


def test_row_holds_the_hash_of_the_ticket_and_no_secret(world: World) -> None:
    ticket = ticket_in(world.request_download.run(REQUEST))
    row = only_row(world)
    assert row.ticket_hashes == (ticket.hash,)
    assert ticket.secret not in repr(row)
    assert (row.status, row.owner, row.origin, row.path) == (Status.PENDING, "iam:alice", "reports", "a/b.csv")
    assert row.expires_at == int(world.clock.now()) + 3600


def test_row_is_written_before_the_execution_starts(world: World) -> None:
    """A fast worker finds it."""
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    with pytest.raises(ServiceError):
        world.request_download.run(REQUEST)
    assert only_row(world).status is Status.PENDING


def test_every_request_without_a_key_is_another_download(world: World) -> None:
    assert world.request_download.run(REQUEST)["downloadId"] != world.request_download.run(REQUEST)["downloadId"]


def test_repeated_key_returns_the_same_download_and_another_ticket(world: World) -> None:
    first, second = world.request_download.run(KEYED), world.request_download.run(KEYED)
    assert first["downloadId"] == second["downloadId"]
    hashes = only_row(world).ticket_hashes
    assert ticket_in(first).text != ticket_in(second).text
    assert ticket_in(first).opens(hashes)
    assert ticket_in(second).opens(hashes)
    assert len(world.executions.started) == 1


def test_oldest_of_more_than_five_tickets_is_dropped(world: World) -> None:
    issued_tickets = [ticket_in(world.request_download.run(KEYED)) for _ in range(6)]
    hashes = only_row(world).ticket_hashes
    assert [ticket.opens(hashes) for ticket in issued_tickets] == [False] + [True] * 5


def test_concurrent_repeats_keep_each_others_ticket(world: World) -> None:
    first = ticket_in(world.request_download.run(KEYED))
    other_ticket = tickets.issue("f" * 32)

    def add_other_ticket(operation: str) -> None:
        if operation == "downloads.replace_tickets" and other_ticket.hash not in only_row(world).ticket_hashes:
            row = only_row(world)
            world.downloads.rows[row.execution_arn] = replace(
                row, ticket_hashes=(*row.ticket_hashes, other_ticket.hash)
            )

    world.downloads.before_call = add_other_ticket
    second = ticket_in(world.request_download.run(KEYED))
    assert set(only_row(world).ticket_hashes) == {first.hash, other_ticket.hash, second.hash}


@pytest.mark.parametrize("change", [{"path": "other.csv"}, {"file_name": "x.csv"}, {"sha256": "a" * 64}, {"size": 9}])
def test_repeated_key_with_another_body_is_refused(world: World, change: dict[str, Any]) -> None:
    world.request_download.run(KEYED)
    with pytest.raises(IdempotencyKeyReusedError):
        world.request_download.run(replace(KEYED, **change))
    assert len(only_row(world).ticket_hashes) == 1


def test_same_key_of_another_caller_is_another_download(world: World) -> None:
    assert (
        world.request_download.run(KEYED)["downloadId"]
        != world.request_download.run(replace(KEYED, owner="iam:bob"))["downloadId"]
    )
    requests = replace(KEYED, owner="1", idempotency_key="12"), replace(KEYED, owner="21", idempotency_key="1")
    assert (
        world.request_download.run(requests[0])["downloadId"] != world.request_download.run(requests[1])["downloadId"]
    )


def test_repeat_starts_a_download_that_was_stored_but_not_started(world: World) -> None:
    world.executions.error = ServiceError("StartExecution", "ServiceUnavailable")
    with pytest.raises(ServiceError):
        world.request_download.run(KEYED)
    world.executions.error = None
    response = world.request_download.run(KEYED)
    assert world.executions.started == [response["downloadId"]]


def test_repeat_while_the_origin_prepares_says_when_it_is_requested_again(world: World) -> None:
    first = world.request_download.run(KEYED)
    row = only_row(world)
    waiting = Preparation(
        1, world.clock.now() + 60, Target("https://files.example.com/7?sig=s3cret", gets_secrets=True)
    )
    world.downloads.rows[row.execution_arn] = replace(row, status=Status.PREPARING, preparation=waiting)
    response = world.request_download.run(KEYED)
    assert first.keys() ^ response.keys() == {"status", "nextRequestAt"}
    assert (response["status"], response["nextRequestAt"]) == ("PREPARING", iso(world.clock.now() + 60))
    assert "s3cret" not in str(response)


@pytest.mark.parametrize("status", [Status.PREPARING, Status.COPYING, Status.READY, Status.FAILED, Status.CANCELLED])
def test_repeat_of_a_started_download_starts_nothing(world: World, status: Status) -> None:
    first = world.request_download.run(KEYED)
    row = only_row(world)
    world.downloads.rows[row.execution_arn] = replace(row, status=status)
    assert world.request_download.run(KEYED)["downloadId"] == first["downloadId"]
    assert len(world.executions.started) == 1


def test_repeat_after_expiry_uses_another_name(world: World) -> None:
    """Its execution blocks the name for 90 days."""
    first = world.request_download.run(KEYED)
    world.clock.time += 3601
    second = world.request_download.run(KEYED)
    assert second["downloadId"] != first["downloadId"]
    assert world.request_download.run(KEYED)["downloadId"] == second["downloadId"]


def test_repeat_after_the_row_was_removed_uses_another_name(world: World) -> None:
    """TTL removed the row, but the closed execution still exists."""
    first = world.request_download.run(KEYED)
    world.downloads.rows.clear()
    world.executions.statuses = dict.fromkeys(world.executions.statuses, "SUCCEEDED")
    second = world.request_download.run(KEYED)
    assert second["downloadId"] != first["downloadId"]
    expired_row = world.downloads.rows[str(first["executionArn"])]
    assert expired_row.is_expired(world.clock.now())
    assert world.request_download.run(KEYED)["downloadId"] == second["downloadId"]


def test_repeat_accepts_its_own_running_execution(world: World) -> None:
    """The response was lost, or another request was faster."""
    first = world.request_download.run(KEYED)
    world.downloads.rows.clear()
    assert world.request_download.run(KEYED)["downloadId"] == first["downloadId"]


def test_repeat_accepts_its_own_execution_that_has_ended(world: World) -> None:
    """The copy ended before the repeat looked at the row."""
    first = world.request_download.run(KEYED)

    def finish(operation: str) -> None:
        if operation == "downloads.expire":
            row = only_row(world)
            world.downloads.rows[row.execution_arn] = replace(row, status=Status.READY)

    world.executions.statuses = dict.fromkeys(world.executions.statuses, "SUCCEEDED")
    world.downloads.before_call = finish
    assert world.request_download.run(KEYED)["downloadId"] == first["downloadId"]


def test_used_up_names_are_an_error(world: World) -> None:
    world.executions.statuses = _EndedExecutions()
    with pytest.raises(ServiceError, match="NoFreeName"):
        world.request_download.run(KEYED)


class _EndedExecutions(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return True

    def get(self, _key: object, _default: object = None) -> str:
        return "FAILED"


def with_origins(world: World, **origins: Origin) -> RequestDownload:
    """Return the use case with other origins."""
    return replace(world.request_download, origins=origins)


def test_only_origin_and_its_default_path_may_be_left_out(world: World) -> None:
    world.request_download.run(DownloadRequest(owner="iam:alice"))
    row = only_row(world)
    assert (row.origin, row.path) == ("reports", "latest.csv")


@pytest.mark.parametrize(
    ("change", "error", "hint"),
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
def test_invalid_request_is_refused_with_a_hint_and_writes_nothing(
    world: World, change: dict[str, Any], error: type[RequestError], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        world.request_download.run(replace(REQUEST, **change))
    assert not world.downloads.rows
    assert not world.executions.started


UUID = "b0e3f9a4-51c7-4d2e-9a68-7c1f0d35e2b9"


@pytest.mark.parametrize("owner", ["key:abc", "address:198.51.100.7", "address:unknown"])
@pytest.mark.parametrize("key", ["order-4711", UUID.replace("-", "")[:31], "0" * 40, "12345" * 8])
def test_guessable_key_of_a_shared_owner_is_refused(world: World, owner: str, key: str) -> None:
    """Another caller who guessed it would get the download with a ticket."""
    with pytest.raises(InvalidRequestError, match="UUID"):
        world.request_download.run(replace(KEYED, owner=owner, idempotency_key=key))
    assert not world.downloads.calls
    assert not world.executions.started


@pytest.mark.parametrize("owner", ["key:abc", "address:198.51.100.7"])
@pytest.mark.parametrize("key", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_uuid_key_of_a_shared_owner_repeats_a_request(world: World, owner: str, key: str) -> None:
    """The downloader sends a UUID, the web page 32 hexadecimal digits."""
    request = replace(KEYED, owner=owner, idempotency_key=key)
    assert world.request_download.run(request)["downloadId"] == world.request_download.run(request)["downloadId"]


@pytest.mark.parametrize("owner", ["iam:alice", "identity:eu-west-1:u1", "user:u-1", "principal:alice"])
def test_short_key_of_an_authenticated_owner_is_accepted(world: World, owner: str) -> None:
    assert world.request_download.run(replace(KEYED, owner=owner))["downloadId"]


def test_error_names_what_is_missing_and_the_choices(world: World) -> None:
    use_case = with_origins(world, a=replace(ORIGIN, name="a", default_path=None), b=ORIGIN)
    with pytest.raises(InvalidRequestError, match="a, b"):
        use_case.run(DownloadRequest(owner="x", path="y"))
    with pytest.raises(InvalidRequestError, match="default path"):
        use_case.run(DownloadRequest(owner="x", origin="a"))


@pytest.mark.parametrize(
    ("size", "sha256"), [(0, None), (plan.LARGEST, None), (0, "a" * 64), (limits.MAX_STREAMED, "a" * 64)]
)
def test_expected_size_is_stored(world: World, size: int, sha256: str | None) -> None:
    world.request_download.run(replace(REQUEST, size=size, sha256=sha256))
    assert (only_row(world).expected_size, only_row(world).size) == (size, None)


@pytest.mark.security
@pytest.mark.parametrize("sha256", [None, "a" * 64])
def test_size_above_the_setting_is_refused(world: World, sha256: str | None) -> None:
    limited = replace(world.request_download, max_file_bytes=5000)
    with pytest.raises(RequestTooLargeError, match=r"5000 bytes.*maxFileMb"):
        limited.run(replace(REQUEST, size=5001, sha256=sha256))
    assert not world.downloads.rows
    limited.run(replace(REQUEST, size=5000, sha256=sha256))
    assert only_row(world).expected_size == 5000


def test_upper_case_sha256_equals_lower_case(world: World) -> None:
    world.request_download.run(replace(KEYED, sha256="AB" * 32))
    assert only_row(world).sha256 == "ab" * 32
    world.request_download.run(replace(KEYED, sha256="ab" * 32))
