"""The deployed API answers as its OpenAPI document says, checked with schemathesis."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, Phase, given, settings
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from integration_tests.support.rest import Signature
from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from tools.rest_contract import check_response, contract

EXAMPLES = 50
CALLS = [f"{method.upper()} {path}" for path, methods in contract()["paths"].items() for method in methods]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,  # the same examples in every run
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def operations(stack: Stack) -> dict[str, Any]:
    """`METHOD /path` -> operation of the document, with the URL of the stack."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(contract()))
    schema.config.update(base_url=stack.outputs["apiUrl"])
    parsed = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.label: operation for operation in parsed}


@pytest.fixture(scope="module")
def downloads(stack: Stack) -> list[Download]:
    """Three downloads: ready, failed and cancelled."""
    ready, failed, cancelled = (
        stack.client.request(unique_path("1", how)) for how in ("", "status=404", "first_byte=20")
    )
    assert (stack.operator.wait_until_ended(ready), stack.operator.wait_until_ended(failed)) == ("SUCCEEDED", "FAILED")
    assert stack.client.cancel(cancelled).status == 202
    return [ready, failed, cancelled]


@dataclass(frozen=True)
class SigV4(AuthBase):
    """Signs the requests of schemathesis for a stack with auth.type iam."""

    signature: Signature

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        SigV4Auth(self.signature.credentials, "execute-api", self.signature.region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


def use_existing(case: Case[Any], download: Download) -> None:
    """Put an existing download, origin and path into a call: the API refuses random ones."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = download.id
        case.headers["X-Download-Ticket"] = download.ticket
        return
    fields = case.query if case.method.upper() == "GET" else case.body
    assert isinstance(fields, dict)
    fields |= {"origin": FILES, "path": unique_path("1")}
    fields.pop("sha256", None)
    fields.pop("fileName", None)


def checked_status(case: Case[Any], stack: Stack) -> int:
    """Send the call, check the answer with schemathesis and with `check_response`, and return its status."""
    signature = stack.client.rest.signature
    response = case.call(timeout=30, auth=SigV4(signature) if signature else None)
    case.validate_response(response, checks=CHECKS)
    headers = {name: values[0] for name, values in response.headers.items()}
    check_response(case.method.upper(), case.formatted_path, response.status_code, headers, response.json())
    return int(response.status_code)


@pytest.mark.parametrize("call", CALLS)
def test_a_documented_call_gets_a_documented_answer(
    call: str, operations: dict[str, Any], stack: Stack, downloads: list[Download]
) -> None:
    statuses: set[int] = set()
    turns = cycle([None, *downloads])  # one call in four keeps its random values

    @BOUNDED
    @given(case=operations[call].as_strategy())
    def ask(case: Case[Any]) -> None:
        download = next(turns)
        if download is not None:
            use_existing(case, download)
        statuses.add(checked_status(case, stack))

    ask()
    assert {int(status) for status in contract_successes(call)} <= statuses, "no call succeeded"
    assert any(status >= 400 for status in statuses), "no call was refused"


@pytest.mark.parametrize("call", CALLS)
def test_an_undocumented_call_gets_a_documented_refusal(call: str, operations: dict[str, Any], stack: Stack) -> None:
    @BOUNDED
    @given(case=operations[call].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask(case: Case[Any]) -> None:
        assert 400 <= checked_status(case, stack) < 500

    ask()


def contract_successes(call: str) -> list[str]:
    """Return the documented statuses of a call that are no errors."""
    method, path = call.split()
    return [status for status in contract()["paths"][path][method.lower()]["responses"] if status.startswith("2")]
