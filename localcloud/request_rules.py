"""The rules of the filter in front of the emulator: which requests reach it, and the reason for each refusal.

The emulator takes `test`, any twelve digits and its own root key at their word, and checks no signature of theirs. So
the access key id of a run is random and secret, and the rules ask for it; keys that IAM or STS of this run issued are
good as well, for of those the emulator checks the signature. The rules are pure; `request_filter` applies them.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import parse_qsl

from localcloud.request_credentials import Credential, CredentialError, find_credential
from localcloud.request_refusals import (
    CONTROL_ENDPOINT,
    CREDENTIALS_MISSING,
    CREDENTIALS_UNREADABLE,
    FOREIGN_HOST,
    FOREIGN_PAGE,
    NO_WEBSOCKET_API,
    UNKNOWN_ACCESS_KEY,
    Refusal,
)

_HEALTH_PATHS = frozenset({"/_ministack/health", "/_ministack/ready", "/_localstack/health", "/health"})
_PUBLIC_KEYS = re.compile(r"/[a-z0-9-]+_[0-9A-Za-z]+/\.well-known/jwks\.json")
_API_PATH = re.compile(r"/_aws/execute-api/[^/]+/[^/]*(?P<rest>/.*)?", re.DOTALL)
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABELS = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*localhost")
_READS = frozenset({"GET", "HEAD"})


class Route(Enum):
    """The part of the stack that a path belongs to."""

    API = auto()
    """A REST or WebSocket API of the stack, which decides itself who may call it."""
    PUBLIC = auto()
    """The emulator's health, and the public keys of a user pool, which its API Gateway fetches unsigned."""
    CONTROL = auto()
    """Endpoints of the emulator itself, such as reset and config."""
    AWS = auto()
    """An AWS service, `@connections` among them."""


@dataclass(frozen=True)
class Request:
    """The parts of a request that the rules read: nothing of its body."""

    websocket: bool
    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    port: int
    """The port that it came to."""

    def values(self, name: str) -> list[str]:
        """Return every value of a header, by its name in lower case."""
        encoded = name.encode()
        return [value.decode("latin-1").strip() for key, value in self.headers if key.lower() == encoded]

    def parameters(self) -> list[tuple[str, str]]:
        """Parse the query string as the emulator does."""
        return parse_qsl(self.query.decode("utf-8", "replace"), keep_blank_values=True)


@dataclass(frozen=True)
class Decision:
    """The refusal, or None; and whether the answer keeps the CORS headers that the emulator gives it."""

    refusal: Refusal | None
    keeps_cors: bool = False
    service: str = ""
    """The AWS service that the request was signed for, if it was."""


def check_request(
    request: Request, is_accepted: Callable[[str], bool], is_bucket: Callable[[str, str], bool]
) -> Decision:
    """Apply every rule.

    Args:
        request: the request.
        is_accepted: whether an access key id is one of this run.
        is_bucket: whether host and path address a bucket that exists.
    """
    name = _host_name(request)
    if name is None or not request.path.startswith("/"):
        return Decision(FOREIGN_HOST)
    route = _find_route(request, name)
    if route is Route.CONTROL:
        return Decision(CONTROL_ENDPOINT)
    if request.websocket and route is not Route.API:
        return Decision(NO_WEBSOCKET_API)
    try:
        credential = find_credential(request.values("authorization"), request.parameters())
    except CredentialError:
        return Decision(CREDENTIALS_UNREADABLE)
    reads_object = route is Route.AWS and _reads_object(request, credential, is_bucket)
    service = credential.service if credential else ""
    refusal = None
    if route is not Route.API and not reads_object and _is_from_page(request):
        refusal = FOREIGN_PAGE
    elif credential is None:
        refusal = CREDENTIALS_MISSING if route is Route.AWS else None
    elif not is_accepted(credential.access_key_id):
        refusal = UNKNOWN_ACCESS_KEY
    return Decision(refusal, keeps_cors=route is Route.API or reads_object, service=service)


def _host_name(request: Request) -> str | None:
    """Return the host's name when it is one of this machine's with our port, otherwise None.

    A page of `http://attacker.example:PORT` whose name is made to point to 127.0.0.1 still sends its own name.
    """
    hosts = request.values("host")
    match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if match is None or int(match["port"] or 80) != request.port:
        return None
    name = match["name"].lower()
    return name if _is_bare(name) or _LABELS.fullmatch(name) else None


def _is_bare(name: str) -> bool:
    """Tell whether it is `localhost` or a loopback address, rather than a name under localhost."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _find_route(request: Request, name: str) -> Route:
    """Return the part of the stack that a path belongs to.

    Only the path form of an API's URL counts as one, and only on a bare host: the emulator looks at host names and
    service paths first, so that `{api}.execute-api.localhost/v2/email` would be SES.
    """
    api = _API_PATH.fullmatch(request.path)
    if api and _is_bare(name):
        return Route.AWS if (api["rest"] or "").startswith("/@connections") else Route.API
    is_public = request.path in _HEALTH_PATHS or _PUBLIC_KEYS.fullmatch(request.path)
    if is_public and request.method in _READS:
        return Route.PUBLIC
    # No AWS service has such a path and no bucket such a name: these are control endpoints of the emulator.
    return Route.CONTROL if request.path.startswith("/_") else Route.AWS


def _reads_object(request: Request, credential: Credential | None, is_bucket: Callable[[str, str], bool]) -> bool:
    """Tell whether it is the GET of a pre-signed S3 URL, or its preflight: there the bucket's CORS rules decide."""
    if credential is None or not credential.in_query or credential.service != "s3":
        return False
    methods = request.values("access-control-request-method") if request.method == "OPTIONS" else [request.method]
    return len(methods) == 1 and methods[0] in _READS and is_bucket(request.values("host")[0], request.path)


def _is_from_page(request: Request) -> bool:
    """Tell whether a page sent it, even one that this port serves; a user who follows a link is not a page."""
    if request.values("origin"):
        return True
    sites = [site for site in request.values("sec-fetch-site") if site.lower() != "none"]
    return bool(sites) and not _is_top_level_navigation(request)


def _is_top_level_navigation(request: Request) -> bool:
    fetch = request.values("sec-fetch-mode"), request.values("sec-fetch-dest")
    return request.method in _READS and fetch == (["navigate"], ["document"])
