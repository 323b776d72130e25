"""A function's environment, parsed once into its `Settings`: field `api_url` is the variable `API_URL`.

A field with a default may be missing. The origins do not fit into the environment: the variable `ORIGINS_FILE` names a
JSON file with them, relative to the root of the function's archive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from runtime.errors import ConfigError
from runtime.models import Origin, Origins, RedirectRule

T = TypeVar("T")
Amount = int  # an int that may be 0
CorsOrigins = tuple[str, ...]  # origins of web pages that may read answers
ROOT = Path(__file__).resolve().parents[1]  # root of the function's archive


def load(kind: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Read the settings of one function.

    Raises:
        ConfigError: the message names the missing or wrong variable, and the allowed values.
    """
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        name = variable_of(field)
        text = environ.get(name, "")
        if not text and field.default is not MISSING:
            continue
        if not text and name != "OBJECT_PREFIX":
            raise ConfigError(f"The environment variable {name} is missing")
        values[field.name] = _PARSERS[str(field.type)](name, text)
    return kind(**values)


def variable_of(field: Field[Any]) -> str:
    """Return the name of the environment variable that holds a field of `Settings`."""
    return f"{field.name.upper()}_FILE" if field.type == "Origins" else field.name.upper()


def read_origins(name: str, file: str) -> Origins:
    """Read the origins from a JSON file `{name: {"base_url", "default_path"?, "secret_headers"?, "allow_http"?, ...}}`.

    Raises:
        ConfigError: the file is missing or is not such an object.
    """
    try:
        described = json.loads((ROOT / file).read_text(encoding="utf-8"))
        return {key: _origin(key, fields) for key, fields in described.items()}
    except OSError as error:
        raise ConfigError(f"{name} names the file {file}, which cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{name} names the file {file}, which is not a JSON object of origins: {type(error).__name__}: {error}"
        ) from None


def _origin(name: str, described: dict[str, Any]) -> Origin:
    base = str(described["base_url"])
    allow_http = described.get("allow_http") is True
    url = urlsplit(base)
    allowed = ("https", "http") if allow_http else ("https",)
    if url.scheme not in allowed or not url.hostname or "@" in url.netloc or url.query or url.fragment:
        raise ValueError(f"base_url of {name} has to be {' or '.join(allowed)}://host/path/ without user, query, #")
    private = tuple(str(ip_network(cidr)) for cidr in described.get("allow_private") or ())
    headers = {str(key): str(value) for key, value in (described.get("secret_headers") or {}).items()}
    return Origin(
        name=name,
        base_url=base if base.endswith("/") else base + "/",
        default_path=described.get("default_path"),
        secret_headers=headers,
        allow_http=allow_http,
        allow_private=private,
        ca_bundle=described.get("ca_bundle"),
        redirects=RedirectRule(described.get("redirects") or RedirectRule.HOST),
        redirect_hosts=tuple(str(host) for host in described.get("redirect_hosts") or ()),
        encoded_slashes=described.get("encoded_slashes") is True,
    )


def _text(_name: str, text: str) -> str:
    return text


def _count(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise ConfigError(f"{name} is {text!r}; it has to be a whole number above 0")
    return int(text)


def _amount(name: str, text: str) -> int:
    return 0 if text == "0" else _count(name, text)


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise ConfigError(f"{name} is {text!r}; it has to be true or false")
    return text == "true"


def _cors_origins(name: str, text: str) -> CorsOrigins:
    try:
        cors_origins = json.loads(text)
    except ValueError:
        cors_origins = None
    if not isinstance(cors_origins, list) or not all(isinstance(item, str) for item in cors_origins):
        raise ConfigError(f"{name} has to be a JSON list of origins")
    return tuple(cors_origins)


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "str": _text,
    "int": _count,
    "Amount": _amount,
    "bool": _flag,
    "Origins": read_origins,
    "CorsOrigins": _cors_origins,
}
