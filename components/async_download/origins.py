"""Origins: what is checked before a deployment relies on them, and how the functions are told."""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pulumi

from async_download import checks
from async_download.args import Origin
from async_download.checks import InvalidSetting

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
SECRET_ARN = r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"  # noqa: S105
MAX_BYTES = 2500  # a function's environment holds 4 KB in all
COPIER_HEADERS = frozenset(
    [
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "if-match",
        "if-none-match",
        "if-range",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
METADATA = ipaddress.ip_network("fd00:ec2::/32")


@dataclass(frozen=True)
class ResolvedOrigin:
    """An origin whose plain parts have been checked and whose inputs will be."""

    base_url: pulumi.Input[str]
    default_path: str | None
    secret_headers: Mapping[str, pulumi.Input[str]]
    allow_http: bool
    allow_private: tuple[str, ...]


def resolve(given: object) -> dict[str, ResolvedOrigin]:
    """Check every origin."""
    origins = checks.mapping("origins", given)
    if not origins:
        raise InvalidSetting("origins", dict(origins), "at least one origin, by name")
    resolved = {name: _origin(name, value) for name, value in origins.items()}
    _fit({name: _told(origin) for name, origin in resolved.items()})
    return resolved


def environment(origins: Mapping[str, ResolvedOrigin]) -> pulumi.Output[str]:
    """The functions' ORIGINS: JSON in a fixed order."""
    told: Any = {name: _told(origin) for name, origin in origins.items()}
    return pulumi.Output.from_input(told).apply(_fit)


def secrets(origins: Mapping[str, ResolvedOrigin]) -> list[pulumi.Input[str]]:
    """ARNs of all secrets that the copying function must read."""
    return [arn for _, origin in sorted(origins.items()) for _, arn in sorted(origin.secret_headers.items())]


def _origin(name: str, given: object) -> ResolvedOrigin:
    where = f"origins.{name}"
    if not re.fullmatch(NAME, name):
        raise InvalidSetting("origins", name, "names of letters, digits, '_', '.' and '-', at most 63")
    values = checks.mapping(where, given)
    checks.known_keys(values, Origin.__annotations__, inside=where)
    allow_http = checks.flag(f"{where}.allow_http", values.get("allow_http"), False)
    default_path = values.get("default_path")
    return ResolvedOrigin(
        base_url=checks.once_known(values.get("base_url"), lambda url: _base_url(f"{where}.base_url", url, allow_http)),
        default_path=None if default_path is None else _path(f"{where}.default_path", default_path),
        secret_headers=_headers(f"{where}.secret_headers", values.get("secret_headers") or {}),
        allow_http=allow_http,
        allow_private=_ranges(f"{where}.allow_private", values.get("allow_private") or []),
    )


def _base_url(setting: str, value: object, allow_http: bool) -> str:
    kind = "an http or https" if allow_http else "an https"
    allowed = f"{kind} URL with a host and no user, query or fragment, in ASCII without spaces"
    shown = value if not isinstance(value, str) or "@" not in value else "a URL with credentials in it"
    try:
        url = urlsplit(value if isinstance(value, str) else "")
        fine = bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        raise InvalidSetting(setting, shown, allowed) from None
    schemes = ("http", "https") if allow_http else ("https",)
    if not fine or url.scheme not in schemes or "@" in url.netloc or not re.fullmatch(r"[!-~]+", str(value)):
        hint = "; plain http needs allow_http" if url.scheme == "http" and not allow_http else ""
        raise InvalidSetting(setting, shown, allowed + hint)
    if "?" in str(value) or "#" in str(value):
        raise InvalidSetting(setting, shown, allowed)
    return str(value)


def _path(setting: str, value: object) -> str:
    path = checks.text(
        setting, value, r"(?!/)[^\x00-\x20\x7f\\]{1,1024}", "a path below base_url, without a leading slash or spaces"
    )
    if "://" in path or ".." in path.split("?", 1)[0].split("/"):
        raise InvalidSetting(setting, path, "a path below base_url, without '..' and without a host")
    return path


def _headers(setting: str, given: object) -> dict[str, pulumi.Input[str]]:
    headers = {}
    for header, arn in checks.mapping(setting, given).items():
        if not re.fullmatch(HEADER, header) or header.lower() in COPIER_HEADERS:
            raise InvalidSetting(setting, header, "names of request headers, other than those that copying itself sets")
        headers[header] = checks.once_known(arn, partial(_secret, f"{setting}.{header}"))
    return headers


def _secret(setting: str, value: object) -> str:
    return checks.text(
        setting, value, SECRET_ARN, "the complete ARN of a Secrets Manager secret, with its six last characters"
    )


def _ranges(setting: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise InvalidSetting(setting, given, "a list of CIDR ranges")
    return tuple(_range(setting, value) for value in given)


def _range(setting: str, value: object) -> str:
    allowed = "private CIDR ranges such as 10.20.0.0/16; loopback, link-local and metadata addresses are always refused"
    try:
        network = ipaddress.ip_network(str(value))
    except ValueError:
        raise InvalidSetting(setting, value, allowed) from None
    inside = any(network.version == private.version and network.subnet_of(private) for private in PRIVATE)  # type: ignore[arg-type]
    if not inside or (network.version == METADATA.version and network.overlaps(METADATA)):
        raise InvalidSetting(setting, value, allowed)
    return str(network)


def _told(origin: ResolvedOrigin) -> dict[str, Any]:
    told: dict[str, Any] = {"base_url": origin.base_url}
    optional = {
        "default_path": origin.default_path,
        "secret_headers": dict(origin.secret_headers),
        "allow_http": origin.allow_http,
        "allow_private": list(origin.allow_private),
    }
    return told | {key: value for key, value in optional.items() if value}


def _fit(origins: dict[str, Any]) -> str:
    """The JSON, if it fits; before a deployment what is computed counts as nothing."""
    told = json.dumps(origins, sort_keys=True, separators=(",", ":"), default=lambda _computed: "")
    if len(told) > MAX_BYTES:
        raise InvalidSetting(
            "origins", f"{len(told)} bytes of JSON", f"at most {MAX_BYTES}, a function's environment is small"
        )
    return told
