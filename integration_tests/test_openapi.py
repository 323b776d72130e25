"""The running API keeps what its OpenAPI document says, asked by a tool that reads nothing else (schemathesis)."""

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
from tools.rest_contract import check_answer, contract

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
    derandomize=True,  # the same examples every time
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def operations(stack: Stack) -> dict[str, Any]:
    """`METHOD /path` -> operation, at the stack's own address."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(contract()))
    schema.config.update(base_url=stack.outputs["apiUrl"])
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    return {each.label: each for each in found}


@pytest.fixture(scope="module")
def known(stack: Stack) -> list[Download]:
    """Downloads that are there: one that is ready, one that failed, one that is cancelled."""
    ready, failed, cancelled = (
        stack.client.request(unique_path("1", how)) for how in ("", "status=404", "first_byte=20")
    )
    assert (stack.operator.wait_until_ended(ready), stack.operator.wait_until_ended(failed)) == ("SUCCEEDED", "FAILED")
    assert stack.client.cancel(cancelled).status == 202
    return [ready, failed, cancelled]


@dataclass(frozen=True)
class Signed(AuthBase):
    """Signs what schemathesis sends, where a stack wants signatures."""

    signature: Signature

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        made = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        SigV4Auth(self.signature.credentials, "execute-api", self.signature.region).add_auth(made)
        request.headers.update(dict(made.headers.items()))
        return request


def sensible(case: Case[Any], download: Download) -> None:
    """Let it name what exists, where made-up values would only ever be refused."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = download.id
        case.headers["X-Download-Ticket"] = download.ticket
        return
    asked = case.query if case.method.upper() == "GET" else case.body
    assert isinstance(asked, dict)
    asked |= {"origin": FILES, "path": unique_path("1")}
    asked.pop("sha256", None)
    asked.pop("fileName", None)


def answered(case: Case[Any], stack: Stack) -> int:
    """The status of the answer, which is as documented, by schemathesis's reading and by ours."""
    signature = stack.client.rest.signature
    response = case.call(timeout=30, auth=Signed(signature) if signature else None)
    case.validate_response(response, checks=CHECKS)
    headers = {name: values[0] for name, values in response.headers.items()}
    check_answer(case.method.upper(), case.formatted_path, response.status_code, headers, response.json())
    return int(response.status_code)


@pytest.mark.parametrize("call", CALLS)
def test_what_the_document_allows_is_answered_as_it_says(
    call: str, operations: dict[str, Any], stack: Stack, known: list[Download]
) -> None:
    seen: set[int] = set()
    turns = cycle([None, *known])  # one in four is left as it was made up

    @BOUNDED
    @given(case=operations[call].as_strategy())
    def ask(case: Case[Any]) -> None:
        download = next(turns)
        if download is not None:
            sensible(case, download)
        seen.add(answered(case, stack))

    ask()
    assert {int(status) for status in contract_successes(call)} <= seen, "not one call that succeeds"
    assert any(status >= 400 for status in seen), "not one call that is refused"


@pytest.mark.parametrize("call", CALLS)
def test_what_the_document_forbids_is_refused_as_it_says(call: str, operations: dict[str, Any], stack: Stack) -> None:
    @BOUNDED
    @given(case=operations[call].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask(case: Case[Any]) -> None:
        assert 400 <= answered(case, stack) < 500

    ask()


def contract_successes(call: str) -> list[str]:
    """The statuses of a call that are no errors."""
    method, path = call.split()
    return [status for status in contract()["paths"][path][method.lower()]["responses"] if status.startswith("2")]
