"""Callers of the REST API with IAM signatures and with API keys."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.iam_users import SPREAD_SECONDS, user
from integration_tests.support.rest import Answer, Rest, Signature
from integration_tests.support.settings import Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path
from integration_tests.support.waiting import wait_for


def request_path(stack: Stack) -> str:
    """Return path and query of a call that requests a file."""
    return f"/download?origin={stack.client.origin}&path={unique_path('5')}"


def is_refusal(answer: Answer, status: int, code: str) -> bool:
    """Return whether the answer has this status and code, and assert that it has the form of an error."""
    assert answer.body.keys() == {"error"}
    assert answer.body["error"].keys() == {"code", "message"}
    return (answer.status, answer.code) == (status, code)


def test_an_unsigned_call_is_refused_and_a_signed_call_is_answered(strict_stack: Stack) -> None:
    assert is_refusal(strict_stack.client.rest.unsigned().call("GET", request_path(strict_stack)), 403, "FORBIDDEN")
    answer = strict_stack.client.rest.call("GET", request_path(strict_stack))
    assert answer.status == 200
    assert strict_stack.client.receive_ready(strict_stack.client.parse_download(answer))["size"] == 5


def test_a_user_without_invoke_permission_is_refused(strict_stack: Stack) -> None:
    with user(strict_stack.cloud) as signature:
        rest = Rest(strict_stack.client.rest.base_url, signature)
        wait_for(lambda: is_refusal(rest.call("GET", request_path(strict_stack)), 403, "FORBIDDEN"), SPREAD_SECONDS)


def test_a_user_with_invoke_permission_owns_the_download(strict_stack: Stack) -> None:
    """The same Idempotency-Key of another caller makes another download."""
    body: dict[str, object] = {"origin": strict_stack.client.origin, "path": unique_path("5")}
    key = {"Idempotency-Key": secrets.token_hex(16)}
    with user(strict_stack.cloud, "execute-api:Invoke") as signature:
        rest = Rest(strict_stack.client.rest.base_url, signature)
        answer = wait_for(
            lambda: rest.call("POST", "/downloads", body, key),
            SPREAD_SECONDS,
            until=lambda answer: answer.status == 202,
        )
        mine = strict_stack.client.parse_download(answer)
        item = strict_stack.operator.download_item(mine)
        assert item["owner"].startswith("iam:arn:aws:iam::")
        assert ":user/caller-" in item["owner"]
    assert (
        strict_stack.client.parse_download(strict_stack.client.rest.call("POST", "/downloads", body, key)).id != mine.id
    )


def test_a_wrong_signature_is_refused(strict_stack: Stack) -> None:
    with user(strict_stack.cloud, "execute-api:Invoke") as signature:
        wrong_signature = Signature(Credentials(signature.credentials.access_key, "x" * 40), signature.region)
        answer = Rest(strict_stack.client.rest.base_url, wrong_signature).call("GET", request_path(strict_stack))
        assert is_refusal(answer, 403, "FORBIDDEN")
        assert "signature" in answer.body["error"]["message"]


@pytest.fixture(scope="module")
def keyed(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[tuple[Stack, dict[str, str]]]:
    """A stack with an API key and a burst limit of five calls, and the header with its key."""
    limits = {
        "api.throttleRate": 1,
        "api.throttleBurst": 5,
        "auth.apiKeys": {"reporting": {"rate": 2, "requestsPerDay": 1000}},
    }
    with deploy("by-key", config_for(cloud, origins, {"auth.type": "api_key", **limits})) as stack:
        key = cloud.client("apigateway").get_api_key(apiKey=stack.outputs["apiKeyId"], includeValue=True)
        yield stack, {"x-api-key": key["value"]}


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "x" * 40}])
def test_a_call_without_the_api_key_is_refused(keyed: tuple[Stack, dict[str, str]], headers: dict[str, str]) -> None:
    stack, _ = keyed
    assert is_refusal(stack.client.rest.call("GET", request_path(stack), headers=headers), 403, "FORBIDDEN")


def test_the_api_key_is_accepted_and_owns_the_download(keyed: tuple[Stack, dict[str, str]]) -> None:
    stack, header = keyed
    answer = wait_for(
        lambda: stack.client.rest.call("GET", request_path(stack), headers=header),
        SPREAD_SECONDS,
        until=lambda answer: answer.status == 200,
    )
    item = stack.operator.download_item(stack.client.parse_download(answer))
    passes_key_id = stack.cloud.target is Target.AWS  # the emulator does not
    assert item["owner"] == (f"key:{stack.outputs['apiKeyId']}" if passes_key_id else "address:127.0.0.1")


@pytest.mark.engine
def test_a_named_api_key_has_a_usage_plan_of_its_own(keyed: tuple[Stack, dict[str, str]]) -> None:
    stack, _ = keyed
    gateway, key_id = stack.cloud.client("apigateway"), stack.outputs["apiKeyIds"]["reporting"]
    key = gateway.get_api_key(apiKey=key_id, includeValue=True)["value"]
    opened = wait_for(
        lambda: stack.client.rest.call("GET", request_path(stack), headers={"x-api-key": key}),
        SPREAD_SECONDS,
        until=lambda answer: answer.status == 200,
    )
    assert stack.client.parse_download(opened)
    plans = gateway.get_usage_plans(limit=500)["items"]
    (plan,) = [plan for plan in plans if key_id in {item["id"] for item in plan_keys(gateway, plan["id"])}]
    assert (float(plan["throttle"]["rateLimit"]), int(plan["throttle"]["burstLimit"])) == (2, 5)
    assert (int(plan["quota"]["limit"]), plan["quota"]["period"]) == (1000, "DAY")


def plan_keys(gateway: Any, plan_id: str) -> list[dict[str, Any]]:
    """Return the keys of a usage plan."""
    items: list[dict[str, Any]] = gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]
    return items


def test_a_call_above_the_rate_limit_gets_retry_after(keyed: tuple[Stack, dict[str, str]]) -> None:
    """The gateway refuses it, so that no function runs."""
    stack, header = keyed
    missing = {"X-Download-Ticket": "x"} | header  # refused by the function, at no cost
    refusal = wait_for(
        lambda: stack.client.rest.call("GET", "/downloads/x", headers=missing),
        SPREAD_SECONDS,
        until=lambda answer: answer.status == 429,
    )
    assert is_refusal(refusal, 429, "TOO_MANY_REQUESTS")
    assert refusal.headers["retry-after"] == "1"
