"""GET of a file of an origin: every redirect is checked, and secret headers stay under the base URL.

An origin may ask to be requested again later: with 202 while it prepares the file, or with another status and a
Retry-After that is longer than a worker waits. The URL that it names for that is checked as a redirect is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from runtime import models
from runtime.errors import OriginError, OriginPreparingError, OriginTlsError, ServiceError
from runtime.logic.origin import addresses, answers, paths, redirects
from runtime.logic.origin.addresses import AddressRule
from runtime.logic.origin.origin_scope import authority_of, is_own_host, is_under, normalize_host
from runtime.logic.origin.redirect_cookies import RedirectCookies
from runtime.logic.origin.retries import MAX_WAIT_SECONDS, Deadline
from runtime.models import Download, Origin, Target
from runtime.ports import Body, Check, Origins, Secrets

MAX_REDIRECTS = 5
MAX_FIRST_BYTE_SECONDS = 14 * 60.0
MAX_NEXT_URL = 4096  # characters of a URL that is stored: every write of the item costs as much as its kilobytes
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
    """GET of one file of one origin. `target` is the URL to begin with if it is not that of the path."""

    origins: Origins
    secrets: Secrets
    origin: Origin
    path: str
    deadline: Deadline
    loopback: bool = False
    target: Target | None = None

    def get(self, headers: Mapping[str, str], while_waiting: Callable[[], None]) -> Body:
        """Return the answer at the end of the redirects, whatever its status. It may take minutes.

        Raises:
            OriginPreparingError: the origin asks to be requested again later.
            TransferError: no answer, a redirect that is not allowed, or too many of them.
        """
        first = target = self._first_target()
        cookies = RedirectCookies()
        for _ in range(MAX_REDIRECTS + 1):
            request_headers = dict(headers) | cookies.header(target.url)
            if target.gets_secrets:
                request_headers = self._with_secrets(request_headers)
            body = self.origins.get(
                target.url,
                request_headers,
                check=self._check_for(target.url),
                timeout=min(MAX_FIRST_BYTE_SECONDS, self.deadline.remaining()),
                while_waiting=while_waiting,
                ca_bundle=self._ca_bundle_for(target.url),
            )
            if not redirects.is_redirect(body):
                self._expect_no_wait(body, first, target)
                return body
            location = body.headers.get("location", "")
            cookies.keep(target.url, body.headers, self.deadline.clock.now())
            body.close()
            target = self._follow(target, location)
        raise OriginError(f"The origin redirected more than {MAX_REDIRECTS} times.")

    def _own_target(self) -> Target:
        url = paths.join(self.origin.base_url, self.path, encoded_slashes=self.origin.encoded_slashes)
        return Target(url, gets_secrets=True)

    def _first_target(self) -> Target:
        """Return the URL to begin with. The rules may have changed since the origin named it, so they apply again."""
        if self.target is None:
            return self._own_target()
        return self._follow(Target(self.origin.base_url, self.target.gets_secrets), self.target.url)

    def _follow(self, target: Target, location: str) -> Target:
        """Return the URL that an answer names. No URL gets secret headers once one has left the base URL."""
        url = redirects.resolve(self.origin, target.url, location)
        return Target(url, target.gets_secrets and is_under(self.origin.base_url, url))

    def _expect_no_wait(self, body: Body, first: Target, last: Target) -> None:
        """Check that the origin does not ask to be requested again later.

        Without a Location, the URL that answered 202 is requested again, since it has accepted the request. After any
        other status the request is repeated from its start.

        Raises:
            OriginPreparingError: it asks for that.
            TransferError: the URL that it names for that is not allowed.
        """
        wait = answers.retry_after_of(body.headers, self.deadline.clock.now())
        location = body.headers.get("location")
        if body.status == answers.ACCEPTED:
            target, location = last, location or body.headers.get("content-location")
        elif body.status in answers.BUSY and wait is not None and wait > MAX_WAIT_SECONDS:
            target = first
        else:
            return
        body.close()
        target = self._follow(target, location) if location else target
        if len(target.url) > MAX_NEXT_URL:
            raise OriginError(f"The origin named a URL of more than {MAX_NEXT_URL} characters for the next request.")
        raise OriginPreparingError(
            f"The origin answered HTTP {body.status}{answers.request_for_wait(wait)}.",
            target=None if target == self._own_target() else target,
            retry_after=wait,
        )

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
        target = download.preparation.target if download.preparation else None
        return Fetch(self.origins, self.secrets, origin, download.path, deadline, self.loopback, target)
