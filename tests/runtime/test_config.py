"""The environment is read once, typed, and its mistakes are named."""

from __future__ import annotations

import importlib
import json
from dataclasses import MISSING, fields

import pytest

from runtime import config
from runtime.errors import ConfigError
from tests.runtime.test_architecture import HANDLERS

ORIGINS = json.dumps({"reports": {"base_url": "https://reports.example.com/exports"}})
PAGES = json.dumps(["https://app.example.com"])
VALUES = {"int": "10", "Amount": "0", "bool": "true", "Origins": ORIGINS, "Pages": PAGES, "str": "text"}


def environment(name: str) -> tuple[type[object], dict[str, str]]:
    """A handler's settings, and a good environment for them."""
    settings: type[object] = importlib.import_module(f"runtime.handlers.{name}").Settings
    return settings, {field.name.upper(): VALUES[str(field.type)] for field in fields(settings)}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_reads_a_good_environment(name: str) -> None:
    """Each field has its type."""
    settings, environ = environment(name)
    loaded = config.load(settings, environ)
    kinds = {"int": int, "Amount": int, "bool": bool, "str": str, "Origins": dict, "Pages": tuple}
    for field in fields(settings):  # type: ignore[arg-type]
        assert isinstance(getattr(loaded, field.name), kinds[str(field.type)])


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_names_what_is_missing(name: str) -> None:
    """A variable that is not there is named, unless it has a default."""
    settings, environ = environment(name)
    required = [field.name.upper() for field in fields(settings) if field.default is MISSING]  # type: ignore[arg-type]
    for variable in required:
        if variable != "OBJECT_PREFIX":
            with pytest.raises(ConfigError, match=variable):
                config.load(settings, {key: value for key, value in environ.items() if key != variable})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MAX_CONNECTIONS", "0"),
        ("MAX_CONNECTIONS", "-1"),
        ("MAX_CONNECTIONS", "ten"),
        ("LOOPBACK_ORIGINS", "True"),
        ("FAN_OUT_BYTES", "-1"),
        ("CORS_ORIGINS", "https://app.example.com"),
        ("CORS_ORIGINS", "{}"),
        ("CORS_ORIGINS", "[7]"),
        ("ORIGINS", "{"),
        ("ORIGINS", "[]"),
        ("ORIGINS", '{"a": {}}'),
        ("ORIGINS", '{"a": {"base_url": "ftp://host/"}}'),
        ("ORIGINS", '{"a": {"base_url": "http://host/"}}'),
        ("ORIGINS", '{"a": {"base_url": "https://user:password@host/"}}'),
        ("ORIGINS", '{"a": {"base_url": "https://host/?q"}}'),
        ("ORIGINS", '{"a": {"base_url": "https:///path"}}'),
        ("ORIGINS", '{"a": {"base_url": "https://host/", "allow_private": ["10.0.0.0/40"]}}'),
    ],
)
def test_a_wrong_value_is_named(variable: str, text: str) -> None:
    """The variable is in the message."""
    name = {"MAX_CONNECTIONS": "connect", "CORS_ORIGINS": "get_download"}.get(variable, "copy")
    settings, environ = environment(name)
    with pytest.raises(ConfigError, match=variable):
        config.load(settings, environ | {variable: text})


def test_an_origin_is_read_whole() -> None:
    """Every field of an origin arrives, and its base ends with a slash."""
    described = {
        "base_url": "http://files.example.com:8080/x",
        "default_path": "latest",
        "secret_headers": {"X-Key": "arn:secret"},
        "allow_http": True,
        "allow_private": ["10.0.0.0/8"],
    }
    origin = config.parse_origins("ORIGINS", json.dumps({"files": described}))["files"]
    assert origin.name == "files"
    assert origin.base_url == "http://files.example.com:8080/x/"
    assert origin.default_path == "latest"
    assert origin.secret_headers == {"X-Key": "arn:secret"}
    assert origin.allow_http
    assert origin.allow_private == ("10.0.0.0/8",)
