"""Checks of DynamoDB's rules for items, keys and expressions, which emulators do not enforce."""

from __future__ import annotations

from typing import Any

import pytest
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localcloud.aws_request_checks.dynamodb import request_problems
from localcloud.aws_request_checks.expressions import reserved_words


def test_the_reserved_words_are_all_there() -> None:
    """Their number is the one that AWS documents, and another implementation has the same words."""
    assert len(reserved_words()) == 573
    assert reserved_words() == set(ReservedKeywords.get_reserved_keywords())
    assert {"SIZE", "STATUS", "PATH", "OWNER", "VALUE", "NAME"} <= reserved_words()


NUMBER = {"N": "1"}
KEY = {"id": {"S": "x"}}


def update(expression: str, values: tuple[str, ...] = (), names: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Return the parameters of an UpdateItem with these names and values."""
    request: dict[str, Any] = {"TableName": "t", "Key": KEY, "UpdateExpression": expression, **more}
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": NUMBER for name in values}
    if names:
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    return request


def condition(expression: str, values: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the parameters of an UpdateItem that removes `a` under this condition."""
    return update("REMOVE a", values, names, ConditionExpression=expression)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (update("SET size = :s", ("s",)), "UpdateExpression: size is a reserved word; alias it: #size"),
        (update("SET a.Size = :s", ("s",)), "UpdateExpression: Size is a reserved word; alias it: #Size"),
        (condition("size < :s", ("s",)), "ConditionExpression: size is a reserved word; alias it: #size"),
        (condition("size(size) < :s", ("s",)), "ConditionExpression: size is a reserved word; alias it: #size"),
        (update("REMOVE #a", (), ("a", "b")), "ExpressionAttributeNames: #b is used in no expression"),
        (update("SET a = :a", ("a", "b")), "ExpressionAttributeValues: :b is used in no expression"),
        (update("REMOVE #a"), "ExpressionAttributeNames: #a is not defined"),
        (update("SET a = :a"), "ExpressionAttributeValues: :a is not defined"),
        (update("REMOVE a", ExpressionAttributeNames={}), "ExpressionAttributeNames: may not be empty"),
        (update("REMOVE a", ExpressionAttributeValues={}), "ExpressionAttributeValues: may not be empty"),
        (
            {"Key": KEY, "ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames: #a is used in no expression",
        ),
        (
            update(f"REMOVE #{'a' * 300}", (), ("a" * 300,)),
            f"ExpressionAttributeNames: #{'a' * 300} is longer than 255",
        ),
        (update("SET a = :a REMOVE a", ("a",)), "UpdateExpression: the paths a and a overlap"),
        (update("SET a = :a REMOVE #a", ("a",), ("a",)), "UpdateExpression: the paths a and a overlap"),
        (update("SET a.b = :a REMOVE a", ("a",)), "UpdateExpression: the paths a.b and a overlap"),
        (update("SET id = :a", ("a",)), "UpdateExpression: SET changes id, which is in the key"),
        (update("SET a = :a SET b = :a", ("a",)), "UpdateExpression: SET stands twice"),
        (update("a = :a", ("a",)), "UpdateExpression: begins with a"),
        (update("SET"), "UpdateExpression: a clause or an action is empty"),
        (update("REMOVE a,"), "UpdateExpression: a clause or an action is empty"),
        (update(""), "UpdateExpression: may not be empty"),
        (update("REMOVE a; b"), "UpdateExpression: ; is no part of an expression"),
        (update("DELETE a :a", ("a",)), "UpdateExpression: DELETE takes BS or NS or SS"),
        (update("ADD a :a", ExpressionAttributeValues={":a": {"S": "x"}}), "UpdateExpression: ADD takes BS or N or NS"),
        (update("SET a = size(b)"), "UpdateExpression: size is no function of this kind of expression"),
        (update("REMOVE " + "a" * 4096), "UpdateExpression: is longer than 4096 bytes"),
        (condition("if_not_exists(a, :a)", ("a",)), "if_not_exists is no function of this kind of expression"),
        (condition("attribute_exists(:a)", ("a",)), "attribute_exists takes a path, not :a"),
        (condition("attribute_exists(a, b)"), "attribute_exists takes 1 operands, not 2"),
        (condition("contains(a, a)"), "contains takes distinct operands"),
        (condition("((a = b))"), "ConditionExpression: has redundant parentheses"),
        (condition("(a = b"), "ConditionExpression: does not close a parenthesis"),
        (condition("a = b)"), "ConditionExpression: closes a parenthesis that is not open"),
        (condition(f"a IN ({', '.join(['b'] * 101)})"), "ConditionExpression: IN has 101 operands"),
        (condition(" OR ".join(["a = b"] * 151)), "ConditionExpression: has more than 300 operators"),
        (
            update("SET a = :a", ExpressionAttributeValues={":a": {"SS": []}}),
            "ExpressionAttributeValues.:a: a set may not be empty",
        ),
        ({"Item": {"a": {"M": {"b": {"L": [{"NS": []}]}}}}}, "Item.a.b[0]: a set may not be empty"),
        ({"Item": {"a": {"SS": ["b", "b"]}}}, "Item.a: a set has each element once"),
        ({"Item": {"a": {"S": "x", "N": "1"}}}, "Item.a: a value has exactly one type"),
        ({"Key": {"id": {"S": ""}}}, "Key.id: 0 bytes; a key has 1 to 2048"),
        ({"Key": {"id": {"S": "ü" * 1025}}}, "Key.id: 2050 bytes; a key has 1 to 2048"),
        ({"Key": {"id": {"BOOL": True}}}, "Key.id: a key is a string, a number or bytes"),
        ({"Key": KEY, "ProjectionExpression": "a, Status"}, "ProjectionExpression: Status is a reserved word"),
    ],
)
def test_a_request_that_dynamodb_refuses(request_: dict[str, Any], problem: str) -> None:
    assert any(problem in item for item in request_problems("UpdateItem", request_)), request_


def test_each_part_of_a_transaction_or_a_batch_is_checked() -> None:
    request = update("REMOVE size")
    parts = {"TransactItems": [{"Put": {"Item": KEY}}, {"Update": request}]}
    (problem,) = request_problems("TransactWriteItems", parts)
    assert problem == "TransactItems[1].Update.UpdateExpression: size is a reserved word; alias it: #size"
    (problem,) = request_problems("BatchGetItem", {"RequestItems": {"t": {"ProjectionExpression": "size"}}})
    assert problem.startswith("RequestItems.t.ProjectionExpression: ")
    puts = [{"PutRequest": {"Item": KEY}}, {"PutRequest": {"Item": {"a": {"SS": []}}}}]
    (problem,) = request_problems("BatchWriteItem", {"RequestItems": {"t": puts}})
    assert problem == "RequestItems.t[1].PutRequest.Item.a: a set may not be empty"


@pytest.mark.parametrize(
    "request_",
    [
        update("SET #size = :a, b[0].c = if_not_exists(b, :a) + :a REMOVE d[1] ADD e :a", ("a",), ("size",)),
        update("SET w = list_append(if_not_exists(w, :a), :a)", ("a",)),
        update("DELETE a :a", ExpressionAttributeValues={":a": {"SS": ["x"]}}),
        condition("(a BETWEEN :a AND :b OR NOT contains(#name, :a)) AND size(c) > :b", ("a", "b"), ("name",)),
        condition("(a = b OR (c = d)) AND begins_with(e, :a)", ("a",)),
        {"Key": KEY, "ProjectionExpression": "a.b, #status", "ExpressionAttributeNames": {"#status": "status"}},
    ],
)
def test_a_request_that_dynamodb_takes(request_: dict[str, Any]) -> None:
    assert list(request_problems("UpdateItem", request_)) == []
