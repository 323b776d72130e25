"""The environment is parsed once into typed settings, and mistakes are named."""

from __future__ import annotations

import importlib
import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from runtime import config
from runtime.errors import ConfigError
from runtime.models import Origin, RedirectRule
from tests.runtime.test_architecture import HANDLERS

ORIGINS = json.dumps({"reports": {"base_url": "https://reports.example.com/exports"}})
CORS_ORIGINS = json.dumps(["https://app.example.com"])
VALUES = {
    "int": "10",
    "Amount": "0",
    "bool": "true",
    "Origins": "origins.json",
    "CorsOrigins": CORS_ORIGINS,
    "str": "text",
}


@pytest.fixture(autouse=True)
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a function's archive."""
    (tmp_path / "origins.json").write_text(ORIGINS, encoding="utf-8")
    monkeypatch.setattr(config, "ROOT", tmp_path)
    return tmp_path


def settings_of(name: str) -> tuple[type[object], dict[str, str]]:
    """Return a handler's settings class and a valid environment for it."""
    settings: type[object] = importlib.import_module(f"runtime.handlers.{name}").Settings
    return settings, {config.variable_of(field): VALUES[str(field.type)] for field in fields(settings)}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_parses_a_valid_environment(name: str) -> None:
    settings, environ = settings_of(name)
    loaded = config.load(settings, environ)
    types = {"int": int, "Amount": int, "bool": bool, "str": str, "Origins": dict, "CorsOrigins": tuple}
    for field in fields(settings):  # type: ignore[arg-type]
        assert isinstance(getattr(loaded, field.name), types[str(field.type)])


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_names_a_missing_variable(name: str) -> None:
    settings, environ = settings_of(name)
    required = [config.variable_of(field) for field in fields(settings) if field.default is MISSING]  # type: ignore[arg-type]
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
    ],
)
def test_invalid_value_is_named(variable: str, text: str) -> None:
    name = {"MAX_CONNECTIONS": "connect", "CORS_ORIGINS": "get_download"}.get(variable, "copy")
    settings, environ = settings_of(name)
    with pytest.raises(ConfigError, match=variable):
        config.load(settings, environ | {variable: text})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"a": {}}',
        '{"a": {"base_url": "ftp://host/"}}',
        '{"a": {"base_url": "http://host/"}}',
        '{"a": {"base_url": "https://user:password@host/"}}',
        '{"a": {"base_url": "https://host/?q"}}',
        '{"a": {"base_url": "https:///path"}}',
        '{"a": {"base_url": "https://host/", "allow_private": ["10.0.0.0/40"]}}',
        '{"a": {"base_url": "https://host/", "redirects": "none"}}',
    ],
)
def test_invalid_file_of_origins_is_named(archive: Path, content: str) -> None:
    (archive / "origins.json").write_text(content, encoding="utf-8")
    settings, environ = settings_of("copy")
    with pytest.raises(ConfigError, match=r"ORIGINS_FILE names the file origins\.json, which is not a JSON object"):
        config.load(settings, environ)


def test_missing_file_of_origins_is_named(archive: Path) -> None:
    (archive / "origins.json").unlink()
    settings, environ = settings_of("copy")
    with pytest.raises(ConfigError, match=r"ORIGINS_FILE names the file origins\.json, which cannot be read: No such"):
        config.load(settings, environ)


def test_file_of_origins_may_have_an_absolute_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Handlers that run outside of Lambda use one."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "o.json"
    elsewhere.write_text('{"only": {"base_url": "https://only.example.com/"}}', encoding="utf-8")
    assert list(config.read_origins("ORIGINS_FILE", str(elsewhere))) == ["only"]


def test_every_field_of_an_origin_is_parsed(archive: Path) -> None:
    fields = {
        "base_url": "http://files.example.com:8080/x",
        "default_path": "latest",
        "secret_headers": {"X-Key": "arn:secret"},
        "allow_http": True,
        "allow_private": ["10.0.0.0/8"],
        "ca_bundle": "arn:parameter",
        "redirects": "any",
        "redirect_hosts": ["store.example.com"],
    }
    (archive / "origins.json").write_text(json.dumps({"files": fields}), encoding="utf-8")
    origin = config.read_origins("ORIGINS_FILE", "origins.json")["files"]
    assert origin.name == "files"
    assert origin.base_url == "http://files.example.com:8080/x/"
    assert origin.default_path == "latest"
    assert origin.secret_headers == {"X-Key": "arn:secret"}
    assert origin.allow_http
    assert origin.allow_private == ("10.0.0.0/8",)
    assert origin.ca_bundle == "arn:parameter"
    assert origin.redirects is RedirectRule.ANY
    assert origin.redirect_hosts == ("store.example.com",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"secret_headers": {"X-Key": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-a1B2c3"}}, True),
        ({"ca_bundle": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ca-a1B2c3"}, True),
        ({"ca_bundle": "arn:aws:ssm:eu-west-1:123456789012:parameter/ca"}, False),
    ],
    ids=["public", "header", "bundle in a secret", "bundle in a parameter"],
)
def test_origin_with_a_secret_prepares_secrets_manager(fields: dict[str, Any], expected: bool) -> None:
    assert Origin("files", "https://files.example.com/", **fields).has_secrets is expected
