"""The configuration rules of the real engine, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.config import Project, encode, full_keys, read_project, read_stack, resolve
from localcloud.errors import ConfigError

NOT_GIVEN = object()


def resolved(declared: Any, value: Any = NOT_GIVEN) -> str | None:
    """Return the value of key `k` that the program reads."""
    project = Project("p", Path(), {"k": declared})
    values = {} if value is NOT_GIVEN else {"p:k": value}
    return resolve(project, "s", values).get("p:k")


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        ({"type": "string", "default": "a"}, NOT_GIVEN, "a"),
        ({"type": "string", "default": ""}, NOT_GIVEN, ""),
        ({"type": "string", "default": "a"}, "b", "b"),
        ({"type": "string"}, 5, "5"),
        ({"type": "string"}, True, "true"),
        ({"type": "integer", "default": 7}, NOT_GIVEN, "7"),
        ({"type": "integer"}, 7, "7"),
        ({"type": "integer"}, "7", "7"),
        ({"type": "integer"}, "-7", "-7"),
        ({"type": "boolean", "default": False}, NOT_GIVEN, "false"),
        ({"type": "boolean"}, True, "true"),
        ({"type": "boolean"}, "true", "true"),
        ({"type": "array", "items": {"type": "string"}}, ["a"], '["a"]'),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, [[1]], "[[1]]"),
        ({"type": "object", "default": {}}, NOT_GIVEN, "{}"),
        ({"type": "object", "default": {"a": 1}}, {"b": 2}, '{"b": 2}'),
        ({"default": "untyped"}, {"b": 2}, '{"b": 2}'),
        ({"value": "fixed"}, NOT_GIVEN, "fixed"),
        ("plain", NOT_GIVEN, "plain"),
    ],
)
def test_a_value_replaces_the_default_whole_and_becomes_text(declared: Any, value: Any, text: str) -> None:
    assert resolved(declared, value) == text


@pytest.mark.parametrize(
    ("declared", "value", "named"),
    [
        ({"type": "string"}, ["a"], "type string"),
        ({"type": "string"}, {"a": 1}, "type string"),
        ({"type": "integer"}, "many", "type integer, not 'many'"),
        ({"type": "integer"}, 1.5, "type integer"),
        ({"type": "integer"}, True, "type integer"),
        ({"type": "boolean"}, "yes", "type boolean"),
        ({"type": "boolean"}, 1, "type boolean"),
        ({"type": "array", "items": {"type": "string"}}, "a", "type array of string"),
        ({"type": "array", "items": {"type": "string"}}, [1], "type array of string"),
        ({"type": "object"}, '{"a": 1}', "type object"),
        ({"type": "object"}, ["a"], "type object"),
        ({"type": "integer", "default": "many"}, NOT_GIVEN, "type integer"),
    ],
)
def test_a_value_of_another_type_is_refused(declared: Any, value: Any, named: str) -> None:
    with pytest.raises(ConfigError, match="Stack s: configuration key p:k") as refused:
        resolved(declared, value)
    assert named in str(refused.value)


def test_every_missing_value_is_named() -> None:
    project = Project("p", Path(), {"b": {"type": "string"}, "a": {"type": "string"}, "aws:region": {"type": "string"}})
    with pytest.raises(ConfigError, match="p:a, p:b") as refused:
        resolve(project, "s", {})
    assert "aws:region" not in str(refused.value)


def test_an_unknown_type_is_the_projects_mistake() -> None:
    with pytest.raises(ConfigError, match="declares type number"):
        resolved({"type": "number"}, 1)


def test_a_misspelt_key_passes_as_with_the_real_engine() -> None:
    """Only the program can notice it."""
    assert resolve(Project("p", Path(), {}), "s", {"p:tpyo": 1}) == {"p:tpyo": "1"}


def test_files_are_read_from_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nconfig: {k: {type: string}}\n", encoding="utf-8")
    (tmp_path / "Pulumi.s.yaml").write_text("config: {k: 1, 'aws:region': r}\n", encoding="utf-8")
    project = read_project(tmp_path)
    assert (project.name, project.declared) == ("p", {"k": {"type": "string"}})
    assert read_stack(project, "s") == {"p:k": 1, "aws:region": "r"}
    assert read_stack(project, "other") == {}
    with pytest.raises(ConfigError, match="names no project"):
        read_project(tmp_path / "elsewhere")


def test_small_helpers() -> None:
    assert full_keys(Project("p", Path(), {}), {"a": 1, "n:b": 2}) == {"p:a": 1, "n:b": 2}
    assert encode(None) == ""
