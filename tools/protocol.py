"""Checks WebSocket messages against docs/protocol.schema.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tools.readme_tables import TOP

SCHEMA = TOP / "docs" / "protocol.schema.json"


class ProtocolMismatchError(AssertionError):
    """A message differs from the schema."""


@cache
def schema() -> dict[str, Any]:
    """Return the schema; raises SchemaError if it is invalid."""
    content: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    return content


def check_server_message(message: Mapping[str, object]) -> None:
    """Check a message of the server against the schema, and refuse fields that it does not name.

    Raises:
        ProtocolMismatchError: the message differs; the text says where.
    """
    kind = str(message.get("type"))
    if kind not in server_message_types():
        raise ProtocolMismatchError(f"No message of the server has the type {kind!r}")
    _check(kind, message)


def is_action(message: object) -> bool:
    """Return True if a client may send this message."""
    return _validator("clientMessage", closed=False).is_valid(message)


def server_message_types() -> set[str]:
    """Return the types of the server's messages."""
    return {entry["$ref"].rpartition("/")[2] for entry in schema()["$defs"]["serverMessage"]["oneOf"]}


def codes_of(kind: str) -> set[str]:
    """Return the error codes of messages of this type."""
    return set(schema()["$defs"][kind]["properties"]["error"]["properties"]["code"]["enum"])


def _check(kind: str, message: Mapping[str, object]) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in _validator(kind, closed=True).iter_errors(message)]
    if errors:
        raise ProtocolMismatchError(f"A {kind} message differs from the schema: {'; '.join(errors)}; it is {message}")


@cache
def _validator(kind: str, *, closed: bool) -> Draft202012Validator:
    subschema = {"$ref": f"#/$defs/{kind}", "$defs": schema()["$defs"]}
    return Draft202012Validator(subschema | ({"unevaluatedProperties": False} if closed else {}))
