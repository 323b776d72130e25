"""The WebSocket protocol as docs/protocol.schema.json has it, to hold messages against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tools.readme_tables import TOP

SCHEMA = TOP / "docs" / "protocol.schema.json"


class OffProtocolError(AssertionError):
    """A message is not one of the protocol's."""


@cache
def schema() -> dict[str, Any]:
    """The schema, which is itself a valid one."""
    described: dict[str, Any] = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(described)
    return described


def check_told(message: Mapping[str, object]) -> None:
    """Hold what the server said against the schema; fields that it does not name are refused here.

    Raises:
        OffProtocolError: says where it differs.
    """
    kind = str(message.get("type"))
    if kind not in told_kinds():
        raise OffProtocolError(f"No message of the server has the type {kind!r}")
    _check(kind, message)


def is_action(message: object) -> bool:
    """Whether a client may say this."""
    return _validator("clientMessage", closed=False).is_valid(message)


def told_kinds() -> set[str]:
    """The types of what the server says."""
    return {entry["$ref"].rpartition("/")[2] for entry in schema()["$defs"]["serverMessage"]["oneOf"]}


def codes_of(kind: str) -> set[str]:
    """The codes that messages of this type carry."""
    return set(schema()["$defs"][kind]["properties"]["error"]["properties"]["code"]["enum"])


def _check(kind: str, message: Mapping[str, object]) -> None:
    wrong = [f"{error.json_path}: {error.message}" for error in _validator(kind, closed=True).iter_errors(message)]
    if wrong:
        raise OffProtocolError(f"A {kind} message differs from the schema: {'; '.join(wrong)}; it is {message}")


@cache
def _validator(kind: str, *, closed: bool) -> Draft202012Validator:
    picked = {"$ref": f"#/$defs/{kind}", "$defs": schema()["$defs"]}
    return Draft202012Validator(picked | ({"unevaluatedProperties": False} if closed else {}))
