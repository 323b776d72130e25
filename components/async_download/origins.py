"""Origins: what is checked before a deployment relies on them, and the file that the functions read them from."""

import enum
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pulumi

from async_download import checks, limits, statements
from async_download.args import Origin
from async_download.checks import InvalidSetting

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
SECRET_ARN = r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"  # noqa: S105
PARAMETER_ARN = r"arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter/[A-Za-z0-9_./-]+"
FILE = "origins.json"  # in the archives of the functions that read it
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
HOST = r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"


class Redirects(enum.StrEnum):
    """Which redirects are followed. Not in the schema: inside of a map, an enumeration loses its values."""

    BASE = "base"
    HOST = "host"
    ANY = "any"


@dataclass(frozen=True)
class ResolvedOrigin:
    """An origin whose plain parts have been checked and whose inputs will be."""

    base_url: pulumi.Input[str]
    default_path: str | None
    secret_headers: Mapping[str, pulumi.Input[str]]
    allow_http: bool
    allow_private: tuple[str, ...]
    ca_bundle: pulumi.Input[str] | None
    redirects: Redirects
    redirect_hosts: tuple[str, ...]


def resolve(given: object) -> dict[str, ResolvedOrigin]:
    """Check every origin."""
    origins = checks.mapping("origins", given)
    if not origins:
        raise InvalidSetting("origins", dict(origins), "at least one origin, by name")
    resolved = {name: _origin(name, value) for name, value in origins.items()}
    _check_policy([arn for arn in _arns(resolved) if isinstance(arn, str)])
    return resolved


def file_content(origins: Mapping[str, ResolvedOrigin]) -> pulumi.Output[str]:
    """Return the content of the functions' `origins.json`, in a fixed order."""
    described: Any = {name: _describe(origin) for name, origin in origins.items()}
    return pulumi.Output.from_input(described).apply(
        lambda values: json.dumps(values, sort_keys=True, separators=(",", ":"))
    )


def secrets(origins: Mapping[str, ResolvedOrigin]) -> pulumi.Output[list[str]]:
    """Return the ARNs of all secrets and SSM parameters that the copying functions read, each once."""
    arns: Any = _arns(origins)
    return pulumi.Output.from_input(arns).apply(lambda values: _check_policy(sorted(set(values))))


def _origin(name: str, given: object) -> ResolvedOrigin:
    where = f"origins.{name}"
    if not re.fullmatch(NAME, name):
        raise InvalidSetting("origins", name, "names of letters, digits, '_', '.' and '-', at most 63")
    values = checks.mapping(where, given)
    checks.known_keys(values, Origin.__annotations__, inside=where)
    allow_http = checks.flag(f"{where}.allow_http", values.get("allow_http"), False)
    default_path = values.get("default_path")
    redirects = checks.choice(f"{where}.redirects", values.get("redirects"), Redirects.HOST)
    return ResolvedOrigin(
        base_url=checks.once_known(values.get("base_url"), lambda url: _base_url(f"{where}.base_url", url, allow_http)),
        default_path=None if default_path is None else _path(f"{where}.default_path", default_path),
        secret_headers=_headers(f"{where}.secret_headers", values.get("secret_headers") or {}),
        allow_http=allow_http,
        allow_private=_ranges(f"{where}.allow_private", values.get("allow_private") or []),
        ca_bundle=_ca_bundle(f"{where}.ca_bundle", values.get("ca_bundle")),
        redirects=redirects,
        redirect_hosts=_redirect_hosts(f"{where}.redirect_hosts", values.get("redirect_hosts") or [], redirects),
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


def _ca_bundle(setting: str, value: object) -> pulumi.Input[str] | None:
    allowed = "the complete ARN of a Secrets Manager secret, with its six last characters, or of an SSM parameter"
    if value is None:
        return None
    return checks.once_known(value, lambda arn: checks.text(setting, arn, f"{SECRET_ARN}|{PARAMETER_ARN}", allowed))


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


def _redirect_hosts(setting: str, given: object, redirects: Redirects) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise InvalidSetting(setting, given, "a list of host names")
    if given and redirects is Redirects.BASE:
        raise InvalidSetting(setting, given, "none with redirects base, which follows redirects under base_url alone")
    return tuple(_redirect_host(setting, value) for value in given)


def _redirect_host(setting: str, value: object) -> str:
    allowed = "names of hosts such as store.example.com, or addresses, without scheme, port, path and wildcard"
    host = str(value).lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return checks.text(setting, host if isinstance(value, str) else value, HOST, allowed)


def _describe(origin: ResolvedOrigin) -> dict[str, Any]:
    optional = {
        "default_path": origin.default_path,
        "secret_headers": dict(origin.secret_headers),
        "allow_http": origin.allow_http,
        "allow_private": list(origin.allow_private),
        "ca_bundle": origin.ca_bundle,
        "redirects": "" if origin.redirects is Redirects.HOST else origin.redirects.value,
        "redirect_hosts": list(origin.redirect_hosts),
    }
    return {"base_url": origin.base_url} | {key: value for key, value in optional.items() if value}


def _arns(origins: Mapping[str, ResolvedOrigin]) -> list[pulumi.Input[str]]:
    headers = [arn for origin in origins.values() for arn in origin.secret_headers.values()]
    return headers + [origin.ca_bundle for origin in origins.values() if origin.ca_bundle is not None]


def _check_policy(arns: list[str]) -> list[str]:
    """Return the ARNs if the statements that name them fit into the policy of a copying role."""
    different = sorted(set(arns))
    fitting = len(different)
    while limits.policy_size(statements.origin_secrets(different[:fitting])) > limits.ORIGIN_SECRETS_CHARACTERS:
        fitting -= 1
    if fitting < len(different):
        raise InvalidSetting(
            "origins",
            f"{len(different)} different secrets and parameters",
            f"a role's policy has {limits.ORIGIN_SECRETS_CHARACTERS} characters for them, into which {fitting} of them "
            "fit; let origins name the same ARN, or distribute them over two components",
        )
    return arns
