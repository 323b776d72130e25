"""Checks responses of the REST API against docs/openapi.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tools.openapi import PAGE


class ContractMismatchError(AssertionError):
    """A response differs from the document."""


@cache
def contract() -> dict[str, Any]:
    """Return the document in the repository."""
    content: dict[str, Any] = json.loads(PAGE.read_text(encoding="utf-8"))
    return content


def check_response(method: str, path: str, status: int, headers: Mapping[str, str], body: object) -> None:
    """Check the response to a call against the document, and refuse fields that it does not name.

    Args:
        method: HTTP method; calls that are not documented are not checked.
        path: below the API's base, with or without its query.
        status: status of the response.
        headers: headers of the response, in any case.
        body: the parsed JSON of the response.

    Raises:
        ContractMismatchError: the response differs; the text says where.
    """
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        return
    responses = operation["responses"]
    response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    if response is None:
        raise ContractMismatchError(f"{method} {path} answers {status}, which is not documented")
    if "$ref" in response:
        response = contract()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    errors = [f"{error.json_path}: {error.message}" for error in _validator(json.dumps(schema)).iter_errors(body)]
    lower_headers = {name.lower(): value for name, value in headers.items()}
    for name, header in response.get("headers", {}).items():
        if name.lower() not in lower_headers:
            errors.append(f"the header {name} is missing")
        elif not Draft202012Validator(header["schema"]).is_valid(lower_headers[name.lower()]):
            errors.append(f"the header {name} is {lower_headers[name.lower()]!r}")
    if errors:
        raise ContractMismatchError(f"{method} {path} differs from the document at {status}: {'; '.join(errors)}")


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template, operations in contract()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            operation: dict[str, Any] | None = operations.get(method.lower())
            return operation
    return None


@cache
def _validator(schema: str) -> Draft202012Validator:
    components = {name: _closed(schema) for name, schema in contract()["components"]["schemas"].items()}
    return Draft202012Validator(_closed(json.loads(schema)) | {"components": {"schemas": components}})


def _closed(schema: Any) -> Any:
    """Return the schema with additionalProperties false in all objects."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    content = {name: _closed(value) for name, value in schema.items()}
    return content | ({"additionalProperties": False} if isinstance(content.get("properties"), dict) else {})
