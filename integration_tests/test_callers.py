"""Who may call the REST API, by signature and by key; each refusal has the form of every other error."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.credentials import Credentials

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.rest import Answer, Rest, Signature
from integration_tests.support.settings import Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path
from integration_tests.support.waiting import wait_for

SPREAD = 60  # seconds that AWS may take until a new user or key is known everywhere


def asked(stack: Stack) -> str:
    """The simplest call."""
    return f"/download?origin={stack.client.origin}&path={unique_path('5')}"


def refused(answer: Answer, status: int, code: str) -> bool:
    """Whether it is this refusal, in the usual form."""
    assert answer.body.keys() == {"error"}
    assert answer.body["error"].keys() == {"code", "message"}
    return (answer.status, answer.code) == (status, code)


@contextmanager
def user(cloud: Cloud, *actions: str) -> Iterator[Signature]:
    """Somebody who may do this and nothing else."""
    iam, name = cloud.client("iam"), f"caller-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        if actions:
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            iam.put_user_policy(UserName=name, PolicyName="call", PolicyDocument=document)
        yield Signature(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), cloud.region)
    finally:
        if actions:
            iam.delete_user_policy(UserName=name, PolicyName="call")
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


def test_who_does_not_sign_is_refused_and_who_signs_is_answered(strict_stack: Stack) -> None:
    assert refused(strict_stack.client.rest.unsigned().call("GET", asked(strict_stack)), 403, "FORBIDDEN")
    answer = strict_stack.client.rest.call("GET", asked(strict_stack))
    assert answer.status == 200
    with strict_stack.client.connect(strict_stack.client.parse_download(answer)) as socket:
        assert socket.receive("ready")["size"] == 5


def test_who_signs_without_the_right_is_refused(strict_stack: Stack) -> None:
    with user(strict_stack.cloud) as stranger:
        rest = Rest(strict_stack.client.rest.base_url, stranger)
        wait_for(lambda: refused(rest.call("GET", asked(strict_stack)), 403, "FORBIDDEN"), SPREAD)


def test_a_user_with_the_right_is_the_owner(strict_stack: Stack) -> None:
    """And whoever asks with the same key is another caller."""
    body: dict[str, object] = {"origin": strict_stack.client.origin, "path": unique_path("5")}
    key = {"Idempotency-Key": secrets.token_hex(16)}
    with user(strict_stack.cloud, "execute-api:Invoke") as friend:
        rest = Rest(strict_stack.client.rest.base_url, friend)
        answer = wait_for(
            lambda: rest.call("POST", "/downloads", body, key), SPREAD, until=lambda seen: seen.status == 202
        )
        mine = strict_stack.client.parse_download(answer)
        row = strict_stack.operator.download_item(mine)
        assert row is not None
        assert row["owner"].startswith("iam:arn:aws:iam::")
        assert ":user/caller-" in row["owner"]
    assert (
        strict_stack.client.parse_download(strict_stack.client.rest.call("POST", "/downloads", body, key)).id != mine.id
    )


def test_a_signature_that_does_not_fit_is_refused(strict_stack: Stack) -> None:
    with user(strict_stack.cloud, "execute-api:Invoke") as friend:
        forged = Signature(Credentials(friend.credentials.access_key, "x" * 40), friend.region)
        answer = Rest(strict_stack.client.rest.base_url, forged).call("GET", asked(strict_stack))
        assert refused(answer, 403, "FORBIDDEN")
        assert "signature" in answer.body["error"]["message"]


@pytest.fixture(scope="module")
def keyed(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[tuple[Stack, dict[str, str]]]:
    """A stack that wants a key and accepts five calls at once; and the header with its key."""
    limits = {
        "api.throttleRate": 1,
        "api.throttleBurst": 5,
        "auth.apiKeys": {"reporting": {"rate": 2, "requestsPerDay": 1000}},
    }
    with deploy("by-key", config_for(cloud, origins, {"auth.type": "api_key", **limits})) as stack:
        key = cloud.client("apigateway").get_api_key(apiKey=stack.outputs["apiKeyId"], includeValue=True)
        yield stack, {"x-api-key": key["value"]}


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "x" * 40}])
def test_without_its_key_nobody_is_answered(keyed: tuple[Stack, dict[str, str]], headers: dict[str, str]) -> None:
    stack, _ = keyed
    assert refused(stack.client.rest.call("GET", asked(stack), headers=headers), 403, "FORBIDDEN")


def test_its_key_opens_it_and_is_the_owner_where_the_gateway_tells_it(keyed: tuple[Stack, dict[str, str]]) -> None:
    stack, header = keyed
    answer = wait_for(
        lambda: stack.client.rest.call("GET", asked(stack), headers=header),
        SPREAD,
        until=lambda seen: seen.status == 200,
    )
    row = stack.operator.download_item(stack.client.parse_download(answer))
    assert row is not None
    tells = stack.cloud.target is Target.AWS  # the emulator does not pass the key's id on
    assert row["owner"] == (f"key:{stack.outputs['apiKeyId']}" if tells else "address:127.0.0.1")


@pytest.mark.engine
def test_a_callers_own_key_opens_it_within_a_plan_of_its_own(keyed: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = keyed
    gateway, key_id = stack.cloud.client("apigateway"), stack.outputs["apiKeyIds"]["reporting"]
    key = gateway.get_api_key(apiKey=key_id, includeValue=True)["value"]
    opened = wait_for(
        lambda: stack.client.rest.call("GET", asked(stack), headers={"x-api-key": key}),
        SPREAD,
        until=lambda answer: answer.status == 200,
    )
    assert stack.client.parse_download(opened)
    plans = gateway.get_usage_plans(limit=500)["items"]
    (plan,) = [each for each in plans if key_id in {item["id"] for item in plan_keys(gateway, each["id"])}]
    assert (float(plan["throttle"]["rateLimit"]), int(plan["throttle"]["burstLimit"])) == (2, 5)
    assert (int(plan["quota"]["limit"]), plan["quota"]["period"]) == (1000, "DAY")


def plan_keys(gateway: Any, plan_id: str) -> list[dict[str, Any]]:
    """Return the keys of a usage plan."""
    items: list[dict[str, Any]] = gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]
    return items


def test_who_calls_too_often_is_told_when_to_come_back(keyed: tuple[Stack, dict[str, str]]) -> None:
    """By the gateway: no function runs."""
    stack, header = keyed
    missing = {"X-Download-Ticket": "x"} | header  # refused by the function, at no cost
    seen = wait_for(
        lambda: stack.client.rest.call("GET", "/downloads/x", headers=missing),
        SPREAD,
        until=lambda seen: seen.status == 429,
    )
    assert refused(seen, 429, "TOO_MANY_REQUESTS")
    assert seen.headers["retry-after"] == "1"
