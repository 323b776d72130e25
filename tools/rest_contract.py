"""Holding answers of the REST API against docs/openapi.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tools.openapi import PAGE


class OffContractError(AssertionError):
    """An answer is not one of the documented."""


@cache
def contract() -> dict[str, Any]:
    """The document as it is checked in."""
    described: dict[str, Any] = json.loads(PAGE.read_text())
    return described


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: object) -> None:
    """Hold an answer to a documented call against the document; fields that it does not name are refused here.

    Args:
        method: as it was called; what is not documented is nobody's business here.
        path: below the API's base, with or without its query.
        status: of the answer.
        headers: of the answer, in any case.
        body: the parsed JSON of the answer.

    Raises:
        OffContractError: says where it differs.
    """
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        return
    responses = operation["responses"]
    response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    if response is None:
        raise OffContractError(f"{method} {path} answers {status}, which is not documented")
    if "$ref" in response:
        response = contract()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    wrong = [f"{each.json_path}: {each.message}" for each in _validator(json.dumps(schema)).iter_errors(body)]
    found = {name.lower(): value for name, value in headers.items()}
    for name, header in response.get("headers", {}).items():
        if name.lower() not in found:
            wrong.append(f"the header {name} is missing")
        elif not Draft202012Validator(header["schema"]).is_valid(found[name.lower()]):
            wrong.append(f"the header {name} is {found[name.lower()]!r}")
    if wrong:
        raise OffContractError(f"{method} {path} differs from the document at {status}: {'; '.join(wrong)}")


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template, operations in contract()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            found: dict[str, Any] | None = operations.get(method.lower())
            return found
    return None


@cache
def _validator(schema: str) -> Draft202012Validator:
    components = {name: _closed(each) for name, each in contract()["components"]["schemas"].items()}
    return Draft202012Validator(_closed(json.loads(schema)) | {"components": {"schemas": components}})


def _closed(schema: Any) -> Any:
    """The same, with objects that may hold nothing else."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {name: _closed(each) for name, each in schema.items()}
    return inside | ({"additionalProperties": False} if isinstance(inside.get("properties"), dict) else {})
