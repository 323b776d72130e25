"""The URLs that an origin may redirect to."""

from __future__ import annotations

import re
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

from runtime.errors import OriginAddressRefusedError, OriginError
from runtime.logic.origin.origin_scope import authority_of, is_own_host, is_under, remove_dot_segments
from runtime.models import Origin, RedirectRule
from runtime.ports import Body

_STATUSES = frozenset({301, 302, 303, 307, 308})
_MULTIPLE_CHOICES = 300
_KEEP_IN_LOCATION = "/%:@!$&'()*+,;=~-._?[]#"
_HOST = re.compile(r"[a-z0-9._:-]{1,253}")
_NOT_ALLOWED = "The origin redirected to a URL that is not allowed."


def is_redirect(body: Body) -> bool:
    """Return whether an answer leads to another URL. A Location of 300 is the choice that the server prefers."""
    return body.status in _STATUSES or (body.status == _MULTIPLE_CHOICES and "location" in body.headers)


def resolve(origin: Origin, url: str, location: str) -> str:
    """Return the URL that a redirect from `url` leads to, without its fragment.

    Raises:
        OriginError: the redirect has no target.
        OriginAddressRefusedError: the origin's settings do not allow the target. The message names its host, and no
            path or query, which may hold a signature.
    """
    if not location:
        raise OriginError("The origin redirected without saying where to.")
    try:
        joined = urldefrag(urljoin(url, quote(location, safe=_KEEP_IN_LOCATION, encoding="latin-1"))).url
        parts = urlsplit(joined)
        scheme, host, _ = authority_of(joined)
        target = urlunsplit(parts._replace(path=remove_dot_segments(parts.path)))
    except ValueError:
        raise OriginAddressRefusedError(_NOT_ALLOWED) from None
    if scheme not in ("https", "http") or not host or "@" in parts.netloc or parts.port == 0:
        raise OriginAddressRefusedError(_NOT_ALLOWED)
    if scheme == "http" and not origin.allow_http:
        raise OriginAddressRefusedError("The origin redirected to plain http, which its setting allowHttp forbids.")
    _check_rule(origin, target, host)
    return target


def _check_rule(origin: Origin, target: str, host: str) -> None:
    if origin.redirects is RedirectRule.ANY:
        return
    if not is_own_host(origin, host):
        name = host if _HOST.fullmatch(host) else "with an unusual name"
        raise OriginAddressRefusedError(
            f"The origin redirected to the host {name}, which its setting redirects ({origin.redirects}) forbids. "
            "Set redirects to host and list it in redirectHosts, or set redirects to any."
        )
    if origin.redirects is RedirectRule.BASE and not is_under(origin.base_url, target):
        raise OriginAddressRefusedError(
            "The origin redirected to a URL of its own host that is not under its baseUrl, which its setting redirects "
            "(base) forbids. Set redirects to host."
        )
