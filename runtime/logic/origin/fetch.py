"""GET of a file of an origin: every redirect is checked, and secret headers stay under the base URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from runtime import models
from runtime.errors import OriginError, OriginTlsError, ServiceError
from runtime.logic.origin import addresses, paths, redirects
from runtime.logic.origin.addresses import AddressRule
from runtime.logic.origin.origin_scope import authority_of, is_own_host, is_under, normalize_host
from runtime.logic.origin.redirect_cookies import RedirectCookies
from runtime.logic.origin.retries import Deadline
from runtime.models import Download, Origin
from runtime.ports import Body, Check, Origins, Secrets

MAX_REDIRECTS = 5
MAX_FIRST_BYTE_SECONDS = 14 * 60.0
_PERMANENT = frozenset(  # codes of secrets and parameters that stay unreadable until their owner changes something
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

    def get(self, headers: Mapping[str, str], while_waiting: Callable[[], None]) -> Body:
        """Return the answer at the end of the redirects, whatever its status. It may take minutes.

        Raises:
            TransferError: no answer, a redirect that is not allowed, or too many of them.
        """
        url = paths.join(self.origin.base_url, self.path, encoded_slashes=self.origin.encoded_slashes)
        cookies = RedirectCookies()
        is_inside = True  # and False for the rest of the chain once a redirect has left the base URL
        for _ in range(MAX_REDIRECTS + 1):
            request_headers = dict(headers) | cookies.header(url)
            if is_inside:
                request_headers = self._with_secrets(request_headers)
            body = self.origins.get(
                url,
                request_headers,
                check=self._check_for(url),
                timeout=min(MAX_FIRST_BYTE_SECONDS, self.deadline.remaining()),
                while_waiting=while_waiting,
                ca_bundle=self._ca_bundle_for(url),
            )
            if body.status not in redirects.STATUSES:
                return body
            location = body.headers.get("location", "")
            cookies.keep(url, body.headers)
            body.close()
            url = redirects.resolve(self.origin, url, location)
            is_inside = is_inside and is_under(self.origin.base_url, url)
        raise OriginError(f"The origin redirected more than {MAX_REDIRECTS} times.")

    def _with_secrets(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers with the secret ones, which replace those of the same name in any case."""
        secret = {name: self.secrets.get(arn) for name, arn in self.origin.secret_headers.items()}
        replaced = {name.lower() for name in secret}
        return {name: value for name, value in headers.items() if name.lower() not in replaced} | secret

    def _ca_bundle_for(self, url: str) -> str | None:
        """Return the origin's own CA certificates for its own hosts, and None, the public CAs, for any other.

        An internal CA could issue a certificate for any name: it is trusted for the hosts that it was configured for.
        """
        scheme, host, _ = authority_of(url)
        if self.origin.ca_bundle is None or scheme != "https" or not is_own_host(self.origin, host):
            return None
        try:
            return self.secrets.get_ca_bundle(self.origin.ca_bundle)
        except ServiceError as error:
            if error.code not in _PERMANENT:
                raise
            message = f"The CA bundle of the origin (its setting caBundle) cannot be read: {error}."
            raise OriginTlsError(message) from None

    def _check_for(self, url: str) -> Check:
        """Return the check of the addresses of a URL's host: only own hosts may have private ones."""
        base, target = authority_of(self.origin.base_url), authority_of(url)
        is_base = (normalize_host(target.host), target.port) == (normalize_host(base.host), base.port)
        rule = AddressRule(
            self.origin.allow_private if is_own_host(self.origin, target.host) else (),
            (target.host, target.port) if self.loopback and is_base else None,
        )
        return partial(addresses.check, host=target.host, port=target.port, rule=rule)


@dataclass(frozen=True)
class FetchBuilder:
    """Builds the `Fetch` of a download. `configured_origins` are those of the stack's settings, by name."""

    origins: Origins
    secrets: Secrets
    configured_origins: models.Origins
    loopback: bool = False

    def build(self, download: Download, deadline: Deadline) -> Fetch:
        """Build the `Fetch` of a download's file.

        Raises:
            OriginError: the origin was removed from the stack's settings.
        """
        if download.origin not in self.configured_origins:
            raise OriginError("The origin is not configured any more.")
        origin = self.configured_origins[download.origin]
        return Fetch(self.origins, self.secrets, origin, download.path, deadline, self.loopback)
