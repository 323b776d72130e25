"""REST behind a Lambda authorizer or a Cognito user pool."""

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
    """A stack with a Lambda authorizer."""
    with small_function(cloud, Path(token_authorizer.__file__), "handler") as arn:
        authorizer = {"functionArn": arn, "kind": request.param}
        with deploy(
            "guarded", config_for(cloud, origins, {"auth.type": "authorizer", "auth.authorizer": authorizer})
        ) as stack:
            yield stack


def post(stack: Stack, token: str | None, key: str | None = None, path: str | None = None) -> Answer:
    """Send POST /downloads with a token in the header that the authorizer reads."""
    headers = {"Authorization": token} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    return stack.client.rest.call(
        "POST", "/downloads", {"origin": stack.client.origin, "path": path or unique_path("5")}, headers
    )


@pytest.mark.engine
def test_an_allowed_caller_gets_a_file_and_owns_the_download(guarded: Stack) -> None:
    answer = post(guarded, FRIEND)
    assert answer.status == 202, answer
    download = guarded.client.parse_download(answer)
    assert guarded.client.receive_ready(download)["size"] == 5
    headers = download.ticket_header | {"Authorization": FRIEND}
    polled = guarded.client.rest.call("GET", download.status_url, headers=headers)
    assert (polled.status, polled.body["status"]) == (200, "READY")
    assert guarded.operator.download_item(download)["owner"] == f"principal:{FRIEND}"


@pytest.mark.parametrize(
    ("token", "status", "code"), [("stranger", 403, "FORBIDDEN"), ("expired", 401, "UNAUTHORIZED")]
)
def test_a_denied_caller_gets_an_error_in_the_usual_form(guarded: Stack, token: str, status: int, code: str) -> None:
    answer = post(guarded, token)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body.keys() == {"error"}
    assert answer.body["error"].keys() == {"code", "message"}


def test_a_caller_without_a_token_is_refused(guarded: Stack) -> None:
    """The gateway refuses with 401 where it knows the header; a REQUEST authorizer decides itself."""
    answer = post(guarded, None)
    assert (answer.status, answer.code) in ((401, "UNAUTHORIZED"), (403, "FORBIDDEN"))


def test_rest_refuses_a_ticket_without_a_token(guarded: Stack) -> None:
    download = guarded.client.parse_download(post(guarded, FRIEND))
    assert guarded.client.status(download).status in (401, 403)
    assert guarded.client.cancel(download).status in (401, 403)


def test_the_same_key_of_another_caller_is_another_download(guarded: Stack) -> None:
    key, path = secrets.token_hex(16), unique_path("5")
    first, again, other = (
        guarded.client.parse_download(post(guarded, token, key, path)) for token in (FRIEND, FRIEND, OTHER)
    )
    assert first.id == again.id != other.id


@pytest.fixture(scope="module")
def pooled(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[tuple[Stack, SignedIn]]:
    """A stack that accepts the tokens of a user pool, and a user of the pool."""
    with signed_in(cloud) as user:
        authorizer = {"userPoolArns": [user.pool_arn]}
        with deploy(
            "pooled", config_for(cloud, origins, {"auth.type": "authorizer", "auth.authorizer": authorizer})
        ) as stack:
            yield stack, user


@pytest.mark.engine
def test_a_user_of_the_pool_gets_a_file_and_owns_the_download(pooled: tuple[Stack, SignedIn]) -> None:
    stack, user = pooled
    answer = post(stack, user.identity_token)
    assert answer.status == 202, answer
    download = stack.client.parse_download(answer)
    assert stack.client.receive_ready(download)["size"] == 5
    assert stack.operator.download_item(download)["owner"] == f"user:{user.subject}"


@pytest.mark.parametrize("spoil", [lambda _: None, lambda _: "rubbish", lambda token: token[:-4] + "AAAA"])
def test_a_caller_without_a_token_of_the_pool_is_refused(
    pooled: tuple[Stack, SignedIn], spoil: Callable[[str], str | None]
) -> None:
    stack, user = pooled
    answer = post(stack, spoil(user.identity_token))
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.body.keys() == {"error"}
