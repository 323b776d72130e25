"""Origins of files: their settings, and the file from which the functions read them."""

import enum
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

import pulumi

from async_download import limits, statements
from async_download.settings import checks
from async_download.settings.checks import InvalidSetting
from async_download.settings.origin_paths import base_path_problem, path_problem
from async_download.settings.setting import INPUT, Group, choice, computed_text, flag, items, value_of_type

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
PRIVATE_RANGES = (
    "private CIDR ranges such as 10.20.0.0/16; loopback, link-local and metadata addresses are always refused"
)
METADATA = ipaddress.ip_network("fd00:ec2::/32")
HOST = r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"


class Redirects(enum.StrEnum):
    """Redirects that are followed. Not in the schema: inside of a map, an enumeration loses its values."""

    BASE = "base"
    HOST = "host"
    ANY = "any"


def _default_path(path: str, value: object, encoded_slashes: bool) -> None:
    """Check the path by the rules for a client's path."""
    problem = path_problem(value, encoded_slashes) if isinstance(value, str) else "has to be a string"
    if problem is not None:
        raise InvalidSetting(path, value, f"the path {problem}")


def _secret_headers(path: str, value: object) -> dict[str, pulumi.Input[str]]:
    allowed = "the complete ARN of a Secrets Manager secret, with its six last characters"
    headers = checks.mapping(path, value)
    for header in headers:
        if not re.fullmatch(HEADER, header) or header.lower() in COPIER_HEADERS:
            raise InvalidSetting(path, header, "names of request headers, other than those that copying itself sets")
    return {
        header: checks.computed_text(f"{path}.{header}", arn, pattern=SECRET_ARN, allowed=allowed)
        for header, arn in headers.items()
    }


def _private_range(path: str, value: object) -> str:
    try:
        network = ipaddress.ip_network(str(value))
    except ValueError:
        raise InvalidSetting(path, value, PRIVATE_RANGES) from None
    inside = any(network.version == private.version and network.subnet_of(private) for private in PRIVATE)  # type: ignore[arg-type]
    if not inside or (network.version == METADATA.version and network.overlaps(METADATA)):
        raise InvalidSetting(path, value, PRIVATE_RANGES)
    return str(network)


def _redirect_host(path: str, value: object) -> str:
    allowed = "names of hosts such as store.example.com, or addresses, without scheme, port, path and wildcard"
    host = str(value).lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return checks.text(path, host if isinstance(value, str) else value, pattern=HOST, allowed=allowed)


@dataclass(frozen=True)
class Origin(Group):
    """An origin of files. Clients name it and a path under it, never a host."""

    base_url: pulumi.Input[str] = value_of_type(
        INPUT,
        lambda _, value: value,  # checked with `allow_http`
        "URL that paths are appended to, for instance https://reports.example.com/exports/.",
        required=True,
    )
    default_path: str | None = value_of_type(
        "str",
        lambda _, value: value,  # checked with `encoded_slashes`
        "Path of a request that names none.",
        unset="a path is required",
    )
    secret_headers: Mapping[str, pulumi.Input[str]] = value_of_type(
        "dict[str, pulumi.Input[str]]",
        _secret_headers,
        "Request headers, each with the complete ARN of the Secrets Manager secret that holds its value.",
        default={},
        unset="none",
    )
    allow_http: bool = flag(False, "Whether `baseUrl` may be plain http.")
    allow_private: tuple[str, ...] = items(
        _private_range,
        "a list of CIDR ranges",
        "Private address ranges (CIDR) that the origin's hosts may resolve to.",
        unset="public addresses only",
    )
    ca_bundle: pulumi.Input[str] | None = computed_text(
        f"{SECRET_ARN}|{PARAMETER_ARN}",
        "the complete ARN of a Secrets Manager secret, with its six last characters, or of an SSM parameter",
        "ARN of a Secrets Manager secret or SSM parameter with the CA certificates (PEM) to trust.",
        unset="public CAs",
    )
    redirects: Redirects = choice(
        Redirects.HOST,
        "Redirects that are followed: under `baseUrl` (`base`), on its host (`host`) or to any https URL (`any`).",
        plain=True,
    )
    redirect_hosts: tuple[str, ...] = items(
        _redirect_host,
        "a list of host names",
        "Further hosts of redirects, to which `allowPrivate` and `caBundle` apply as well.",
        unset="none",
    )
    encoded_slashes: bool = flag(
        False, "Whether paths may contain slashes written as `%2F`, and look-alikes of slashes such as U+FF0F."
    )

    def validated(self, path: str) -> Self:
        """Check URL and default path, and refuse redirect hosts that are never followed."""
        if self.default_path is not None:
            _default_path(f"{path}.default_path", self.default_path, self.encoded_slashes)
        if self.redirect_hosts and self.redirects is Redirects.BASE:
            allowed = "none with redirects base, which follows redirects under base_url alone"
            raise InvalidSetting(f"{path}.redirect_hosts", list(self.redirect_hosts), allowed)
        check = partial(_base_url, f"{path}.base_url", allow_http=self.allow_http)
        return replace(self, base_url=checks.once_known(self.base_url, check))


def check_names(path: str, origins: Mapping[str, object]) -> None:
    """Refuse to have no origins, and names that no origin can have."""
    if not origins:
        raise InvalidSetting(path, dict(origins), "at least one origin, by name")
    for name in origins:
        if not re.fullmatch(NAME, name):
            raise InvalidSetting(path, name, "names of letters, digits, '_', '.' and '-', at most 63")


def check_secrets(origins: Mapping[str, Origin]) -> None:
    """Refuse more secrets than the policy of a copying role can name."""
    _check_policy([arn for arn in _arns(origins) if isinstance(arn, str)])


def file_content(origins: Mapping[str, Origin]) -> pulumi.Output[str]:
    """Return the content of the functions' `origins.json`, in a fixed order."""
    described: Any = {name: _describe(origin) for name, origin in origins.items()}
    return pulumi.Output.from_input(described).apply(
        lambda values: json.dumps(values, sort_keys=True, separators=(",", ":"))
    )


def secrets(origins: Mapping[str, Origin]) -> pulumi.Output[list[str]]:
    """Return the ARNs of all secrets and SSM parameters that the copying functions read, each once."""
    arns: Any = _arns(origins)
    return pulumi.Output.from_input(arns).apply(lambda values: _check_policy(sorted(set(values))))


def _base_url(setting: str, value: object, *, allow_http: bool) -> str:
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
    problem = base_path_problem(url.path)
    if problem is not None:
        raise InvalidSetting(setting, shown, f"the path {problem}")
    return str(value)


def _describe(origin: Origin) -> dict[str, Any]:
    optional = {
        "default_path": origin.default_path,
        "secret_headers": dict(origin.secret_headers),
        "allow_http": origin.allow_http,
        "allow_private": list(origin.allow_private),
        "ca_bundle": origin.ca_bundle,
        "redirects": "" if origin.redirects is Redirects.HOST else origin.redirects.value,
        "redirect_hosts": list(origin.redirect_hosts),
        "encoded_slashes": origin.encoded_slashes,
    }
    return {"base_url": origin.base_url} | {key: value for key, value in optional.items() if value}


def _arns(origins: Mapping[str, Origin]) -> list[pulumi.Input[str]]:
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
