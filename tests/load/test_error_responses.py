"""Injected errors are those of AWS: botocore reads their codes, and its service models have them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.session import Session

from integration_tests.load.error_responses import (
    ErrorResponse,
    dynamodb_error,
    json_error,
    query_error,
    rest_error,
    s3_error,
    transaction_conflict,
)

COMMON = {"ThrottlingException", "Throttling", "SlowDown", "InternalError", "InternalServerError"}
"""Codes that every operation of a service may answer, and that the models do not list with each."""


def parse(service: str, response: ErrorResponse) -> dict[str, Any]:
    """Return the response as botocore reads it."""
    model = Session().get_service_model(service)
    headers = {name.decode(): value.decode() for name, value in response.headers}
    http = {"status_code": response.status, "headers": headers, "body": response.body}
    parsed: dict[str, Any] = create_parser(model.metadata["protocol"]).parse(http, None)
    return parsed


@pytest.mark.parametrize(
    ("service", "operation", "code", "response"),
    [
        ("dynamodb", "GetItem", "InternalServerError", dynamodb_error("InternalServerError", 500)),
        (
            "dynamodb",
            "UpdateItem",
            "ProvisionedThroughputExceededException",
            dynamodb_error("ProvisionedThroughputExceededException"),
        ),
        ("dynamodb", "UpdateItem", "TransactionConflictException", transaction_conflict("UpdateItem", 1)),
        (
            "dynamodb",
            "TransactWriteItems",
            "TransactionCanceledException",
            transaction_conflict("TransactWriteItems", 2),
        ),
        ("s3", "PutObject", "SlowDown", s3_error("SlowDown", 503, has_body=True)),
        ("s3", "UploadPart", "InternalError", s3_error("InternalError", 500, has_body=True)),
        ("stepfunctions", "StartExecution", "ThrottlingException", json_error("ThrottlingException")),
        ("lambda", "Invoke", "TooManyRequestsException", rest_error("TooManyRequestsException", 429)),
        (
            "apigatewaymanagementapi",
            "PostToConnection",
            "LimitExceededException",
            rest_error("LimitExceededException", 429),
        ),
        ("sts", "AssumeRole", "Throttling", query_error("Throttling")),
    ],
)
def test_injected_errors_are_those_of_the_service(
    service: str, operation: str, code: str, response: ErrorResponse
) -> None:
    parsed = parse(service, response)
    assert parsed["Error"]["Code"] == code
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == response.status
    if code not in COMMON:
        shapes = Session().get_service_model(service).operation_model(operation).error_shapes
        statuses = {shape.name: shape.metadata.get("error", {}).get("httpStatusCode") for shape in shapes}
        assert code in statuses
        assert statuses[code] in (None, response.status)


def test_a_cancelled_transaction_has_a_reason_for_each_item() -> None:
    reasons = json.loads(transaction_conflict("TransactWriteItems", 3).body)["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None", "None"]


def test_an_error_of_head_has_no_body() -> None:
    response = s3_error("SlowDown", 503, has_body=False)
    assert response.body == b""
    assert (b"content-length", b"0") in response.headers
