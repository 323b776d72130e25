"""REST behind a Lambda authorizer or Cognito: callers are let in, refused and named, each refusal in our form."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration_tests.support import token_authorizer
from integration_tests.support.clouds import Cloud
from integration_tests.support.functions import small_function
from integration_tests.support.rest import Answer
from integration_tests.support.settings import Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path
from integration_tests.support.user_pools import SignedIn, signed_in

FRIEND, OTHER = "friend-of-the-house", "friend-of-a-friend"


@pytest.fixture(scope="module", params=["token", "request"])
def guarded(request: pytest.FixtureRequest, cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[Stack]:
    """A stack that asks a function about each caller."""
    with small_function(cloud, Path(token_authorizer.__file__), "handler") as arn:
        asked = {"functionArn": arn, "kind": request.param}
        with deploy(
            "guarded", config_for(cloud, origins, {"auth.type": "authorizer", "auth.authorizer": asked})
        ) as stack:
            yield stack


def ask(stack: Stack, token: str | None, key: str | None = None, path: str | None = None) -> Answer:
    """POST /downloads with a token in the header that the authorizer looks at."""
    headers = {"Authorization": token} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    return stack.client.rest.call(
        "POST", "/downloads", {"origin": stack.client.origin, "path": path or unique_path("5")}, headers
    )


@pytest.mark.engine
def test_who_is_let_in_gets_a_file(guarded: Stack) -> None:
    answer = ask(guarded, FRIEND)
    assert answer.status == 202, answer
    download = guarded.client.parse_download(answer)
    with guarded.client.connect(download) as socket:
        assert socket.receive("ready")["size"] == 5
    headers = download.ticket_header | {"Authorization": FRIEND}
    found = guarded.client.rest.call("GET", download.status_url, headers=headers)
    assert (found.status, found.body["status"]) == (200, "READY")
    row = guarded.operator.download_item(download)
    assert row is not None
    assert row["owner"] == f"principal:{FRIEND}"


@pytest.mark.parametrize(
    ("token", "status", "code"), [("stranger", 403, "FORBIDDEN"), ("expired", 401, "UNAUTHORIZED")]
)
def test_who_is_refused_is_told_so_in_the_usual_form(guarded: Stack, token: str, status: int, code: str) -> None:
    answer = ask(guarded, token)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body.keys() == {"error"}
    assert answer.body["error"].keys() == {"code", "message"}


def test_who_sends_nothing_is_refused(guarded: Stack) -> None:
    """By the gateway itself, where it knows which header it is; by the function, where that sees the whole call."""
    answer = ask(guarded, None)
    assert (answer.status, answer.code) in ((401, "UNAUTHORIZED"), (403, "FORBIDDEN"))


def test_a_ticket_alone_does_not_open_rest(guarded: Stack) -> None:
    download = guarded.client.parse_download(ask(guarded, FRIEND))
    assert guarded.client.status(download).status in (401, 403)
    assert guarded.client.cancel(download).status in (401, 403)


def test_the_same_key_of_another_caller_is_another_download(guarded: Stack) -> None:
    key, path = secrets.token_hex(16), unique_path("5")
    first, again, other = (
        guarded.client.parse_download(ask(guarded, who, key, path)) for who in (FRIEND, FRIEND, OTHER)
    )
    assert first.id == again.id != other.id


@pytest.fixture(scope="module")
def pooled(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[tuple[Stack, SignedIn]]:
    """A stack that takes the tokens of a user pool, and a user of it."""
    with signed_in(cloud) as user:
        asked = {"userPoolArns": [user.pool_arn]}
        with deploy(
            "pooled", config_for(cloud, origins, {"auth.type": "authorizer", "auth.authorizer": asked})
        ) as stack:
            yield stack, user


@pytest.mark.engine
def test_a_user_of_the_pool_gets_a_file_and_is_known_by_the_token(pooled: tuple[Stack, SignedIn]) -> None:
    stack, user = pooled
    answer = ask(stack, user.identity_token)
    assert answer.status == 202, answer
    download = stack.client.parse_download(answer)
    with stack.client.connect(download) as socket:
        assert socket.receive("ready")["size"] == 5
    row = stack.operator.download_item(download)
    assert row is not None
    assert row["owner"] == f"user:{user.subject}"


@pytest.mark.parametrize("spoil", [lambda _: None, lambda _: "rubbish", lambda token: token[:-4] + "AAAA"])
def test_who_has_no_token_of_the_pool_is_refused(
    pooled: tuple[Stack, SignedIn], spoil: Callable[[str], str | None]
) -> None:
    stack, user = pooled
    answer = ask(stack, spoil(user.identity_token))
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.body.keys() == {"error"}
