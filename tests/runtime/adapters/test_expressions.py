"""Expressions for DynamoDB keep AWS's rules, which emulators do not enforce."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import pytest
from botocore import xform_name

from localcloud import aws_request_checks
from localcloud.aws_request_checks import WrongRequestError
from localcloud.aws_request_checks.dynamodb import expressions_of, request_problems
from runtime.adapters import tables
from runtime.adapters.expressions import Attribute, Update, any_of, build
from tests.runtime.support import adapter_requests
from tests.runtime.support.adapter_requests import TABLES, Request, adapters, methods, record_requests
from tests.runtime.support.in_moto import InMoto
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import await_copy_parameters, create_table


@pytest.fixture
def requests(in_process: InProcess) -> list[Request]:
    """Return the requests of the adapters and the state machine."""
    await_copy = Request("AwaitCopy", "UpdateItem", {"TableName": "copies", **await_copy_parameters()})
    return [*record_requests(in_process), await_copy]


def test_every_request_keeps_the_rules_for_expressions(requests: list[Request]) -> None:
    """They have no reserved word, unused or undefined alias, overlapping paths or empty set."""
    problems = {
        f"{request.method}: {problem}"
        for request in requests
        for problem in request_problems(request.operation, request.parameters)
    }
    assert not problems


def test_request_of_the_state_machine_fits_the_service_model() -> None:
    """Botocore checks the others."""
    aws_request_checks.check_request("dynamodb", "UpdateItem", {"TableName": "copies", **await_copy_parameters()})


def test_moto_accepts_every_request(requests: list[Request], in_moto: InMoto) -> None:
    """Moto raises ValidationException for a wrong request, whether or not the condition holds."""
    client = in_moto.client("dynamodb")
    for name, key in TABLES.items():
        create_table(client, name, key)
    condition_errors = client.exceptions.ConditionalCheckFailedException, client.exceptions.TransactionCanceledException
    for request in requests:
        if request.method == "DynamoDownloads.warm_up":  # unsigned, so that AWS refuses it
            continue
        with suppress(*condition_errors):
            getattr(client, xform_name(request.operation))(**request.parameters)


def test_every_attribute_is_aliased(requests: list[Request]) -> None:
    """The list of reserved words may grow."""
    unaliased = {
        f"{request.method}: {name}"
        for request in requests
        for expression in expressions_of(request.operation, request.parameters)
        for name in expression.bare
    }
    assert not unaliased


def test_every_method_of_every_adapter_is_recorded(requests: list[Request]) -> None:
    names = {f"{adapter.__name__}.{method}" for adapter in adapters() for method in methods(adapter)}
    assert {request.method for request in requests} == {*names, "AwaitCopy"}
    tables = {"DynamoCallers", "DynamoConnections", "DynamoCopies", "DynamoDownloads"}
    assert {adapter.__name__ for adapter in adapters()} == tables


def test_adapters_build_expressions_with_the_builder_only() -> None:
    for path in adapter_requests.SOURCES:
        if path.stem != "expressions":
            assert "Expression" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"UpdateExpression": "SET size = :size"}, "size is a reserved word; alias it: #size"),
        ({"UpdateExpression": "SET #size = :size, Status = :size"}, "Status is a reserved word; alias it: #Status"),
        ({"UpdateExpression": "SET #size = :other"}, ":size is used in no expression"),
        ({"UpdateExpression": "SET #other = :size"}, "#size is used in no expression"),
    ],
)
def test_broken_rule_is_noticed(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], problem: str
) -> None:
    """The adapter writes its expressions by hand and is recorded like the others."""

    @dataclass(frozen=True)
    class DynamoDownloads:
        table: str

        def resize(self, execution_arn: str, *, size: int) -> bool:
            request = {
                "TableName": self.table,
                "Key": {"executionArn": {"S": execution_arn}},
                "ExpressionAttributeNames": {"#size": "size"},
                "ExpressionAttributeValues": {":size": {"N": str(size)}},
            }
            return tables.send("update_item", **(request | parameters)) is not None

    monkeypatch.setattr(adapter_requests, "adapters", lambda: [DynamoDownloads])
    with pytest.raises(WrongRequestError, match=re.escape(problem)):
        list(record_requests(in_process))
    aws_request_checks.problems.clear()


def test_request_has_the_names_and_values_that_it_uses() -> None:
    request = build(Update(set={"size": {"N": "3"}}), Attribute("status").equals({"S": "PENDING"}))
    assert request == {
        "UpdateExpression": "SET #size = :size",
        "ConditionExpression": "#status = :status",
        "ExpressionAttributeNames": {"#size": "size", "#status": "status"},
        "ExpressionAttributeValues": {":size": {"N": "3"}, ":status": {"S": "PENDING"}},
    }


def test_each_value_has_an_alias_and_equal_values_share_one() -> None:
    size = Attribute("size")
    condition = any_of(size.is_in({"N": "1"}, {"N": "2"}), size.equals({"N": "1"}) & Attribute("size2").exists())
    request = build(Update(set={"size": {"N": "3"}, "size2": {"N": "4"}}), condition)
    assert (
        request["ConditionExpression"] == "(#size IN (:size3, :size4) OR #size = :size3 AND attribute_exists(#size2))"
    )
    values = {":size": {"N": "3"}, ":size2": {"N": "4"}, ":size3": {"N": "1"}, ":size4": {"N": "2"}}
    assert request["ExpressionAttributeValues"] == values


def test_update_has_its_clauses_in_order() -> None:
    value = {"N": "1"}
    update = Update(set={"a": value, "b": value}, remove=("c", "d"), add={"e": value}, delete={"f": {"SS": ["g"]}})
    assert build(update)["UpdateExpression"] == "SET #a = :a, #b = :b REMOVE #c, #d ADD #e :e DELETE #f :f"


def test_request_without_names_or_values_omits_their_maps() -> None:
    assert build(condition=Attribute("a").is_absent()) == {
        "ConditionExpression": "attribute_not_exists(#a)",
        "ExpressionAttributeNames": {"#a": "a"},
    }
    assert build() == {}
