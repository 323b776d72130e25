"""Asking an origin for a file: redirects followed with every hop checked, secret headers kept on their host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from runtime.errors import OriginAddressRefusedError, OriginError, OriginTlsError, ServiceError
from runtime.logic import addresses, paths
from runtime.logic.addresses import AddressRule
from runtime.logic.retries import Deadline
from runtime.models import Origin
from runtime.ports import Body, Check, Origins, Secrets

MOST_REDIRECTS = 5
LONGEST_FIRST_BYTE = 14 * 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_IN_LOCATION = "/%:@!$&'()*+,;=~-._?[]#"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PERMANENT = frozenset(  # why a secret or a parameter cannot be read until somebody changes something
    {
        "AccessDenied",
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidKeyId",
        "InvalidParameterException",
        "InvalidRequestException",
        "KMSInvalidStateException",
        "NoSecretString",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "ResourceNotFoundException",
        "ValidationException",
    }
)


@dataclass(frozen=True)
class Fetch:
    """GET of one file of one origin."""

    origins: Origins
    secrets: Secrets
    origin: Origin
    path: str
    deadline: Deadline
    loopback: bool = False

    def get(self, headers: Mapping[str, str], meanwhile: Callable[[], None]) -> Body:
        """The answer at the end of the redirects, whatever its status; it may take minutes, see the port.

        Raises:
            TransferError: no answer, a hop that is not allowed, or too many of them.
        """
        url = paths.join(self.origin.base_url, self.path)
        home = _place(url)
        for _ in range(MOST_REDIRECTS + 1):
            sent = dict(headers)
            if _place(url) == home:
                sent |= {name: self.secrets.get(arn) for name, arn in self.origin.secret_headers.items()}
            timeout = min(LONGEST_FIRST_BYTE, self.deadline.remaining())
            check, ca_bundle = self._check_for(url), self._ca_bundle_for(url)
            body = self.origins.get(url, sent, check=check, timeout=timeout, meanwhile=meanwhile, ca_bundle=ca_bundle)
            if body.status not in _REDIRECTS:
                return body
            location = body.headers.get("location", "")
            body.close()
            url = self._next(url, location)
        raise OriginError(f"The origin redirected more than {MOST_REDIRECTS} times.")

    def _ca_bundle_for(self, url: str) -> str | None:
        """Return the origin's own CA certificates for its own host, and None, the public CAs, for any other.

        An internal CA could issue a certificate for any name: it is trusted for the host that it was configured for.
        """
        scheme, host, _ = _place(url)
        if self.origin.ca_bundle is None or scheme != "https" or host != _place(self.origin.base_url)[1]:
            return None
        try:
            return self.secrets.get_ca_bundle(self.origin.ca_bundle)
        except ServiceError as error:
            if error.code not in _PERMANENT:
                raise
            message = f"The CA bundle of the origin (its setting caBundle) cannot be read: {error}."
            raise OriginTlsError(message) from None

    def _check_for(self, url: str) -> Check:
        _, own_host, own_port = _place(self.origin.base_url)
        _, host, port = _place(url)
        rule = AddressRule(self.origin.allow_private, (own_host, own_port) if self.loopback else None)
        return partial(addresses.check, host=host, port=port, rule=rule)

    def _next(self, url: str, location: str) -> str:
        if not location:
            raise OriginError("The origin redirected without saying where to.")
        try:
            target = urldefrag(urljoin(url, quote(location, safe=_KEEP_IN_LOCATION, encoding="latin-1"))).url
            netloc = urlsplit(target).netloc
        except ValueError:
            raise _not_allowed() from None
        scheme, host, _ = _place(target)
        allowed = ("https", "http") if self.origin.allow_http else ("https",)
        if scheme not in allowed or not host or "@" in netloc:
            raise _not_allowed()
        return target


def _place(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what two URLs share when they are at the same place."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _not_allowed() from None


def _not_allowed() -> OriginAddressRefusedError:
    return OriginAddressRefusedError("The origin redirected to a URL that is not allowed.")
