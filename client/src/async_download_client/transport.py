"""HTTP through urllib3, with errors that name the host but never the URL, whose query may be a signature."""

from __future__ import annotations

import ipaddress
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3 import exceptions

from async_download_client.errors import InsecureUrlError, NetworkError
from async_download_client.stop import StopSignal
from async_download_client.text import printable

_PLAIN = ("http", "ws")


def _user_agent() -> str:
    try:
        return f"async-download-client/{version('async-download-client')}"
    except PackageNotFoundError:
        return "async-download-client"


USER_AGENT = _user_agent()


def host_of(url: str) -> str:
    """Return the host in a URL, for messages."""
    return printable(urlsplit(url).hostname or "the server")


def is_loopback(host: str) -> bool:
    """Return True for a name or address that never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_encrypted(url: str, *, allow_http: bool) -> None:
    """Refuse a URL of http or ws on another machine, unless `allow_http`; raises InsecureUrlError."""
    parts = urlsplit(url)
    if parts.scheme in _PLAIN and not allow_http and not is_loopback(parts.hostname or ""):
        raise InsecureUrlError(host_of(url), f"The URL of {host_of(url)} begins with {parts.scheme}://.")


class Transport:
    """Keeps and reuses connections, through the proxy in the environment, like curl.

    Plain http is sent to this machine only, unless `allow_http`.
    """

    def __init__(self, timeout: float, connections: int, *, allow_http: bool = False) -> None:
        self.timeout = timeout
        self.allow_http = allow_http
        self._connections = connections
        self._lock = threading.Lock()
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    @contextmanager
    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        stop: StopSignal,
        redirects: int = 0,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request and follow up to `redirects` redirects, none of them from https to http.

        The caller reads the body of the response, within `errors`.
        """
        stop.raise_if_set()
        with self.errors(url):
            response = self._send_once(method, url, headers, body)
            while redirects and (location := response.get_redirect_location()):
                response.close()
                url, redirects = _redirect_url(url, location), redirects - 1
                response = self._send_once(method, url, headers, body)
        try:
            with stop.on_stop(response.shutdown):
                yield response
        finally:
            response.close()

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> urllib3.BaseHTTPResponse:
        check_encrypted(url, allow_http=self.allow_http)
        return self._pool(url).request(
            method,
            url,
            body=body,
            headers={"User-Agent": USER_AGENT, **headers},
            timeout=urllib3.Timeout(connect=self.timeout, read=self.timeout),
            retries=urllib3.Retry(0, raise_on_redirect=False),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    @contextmanager
    def errors(self, url: str) -> Iterator[None]:
        """Raise urllib3's errors as NetworkError."""
        try:
            yield
        except exceptions.HTTPError as error:
            raise NetworkError(self._describe(error, host_of(url))) from None

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        host = parts.hostname or ""
        direct = is_loopback(host) or urllib.request.proxy_bypass(host)
        proxy = None if direct else urllib.request.getproxies().get(parts.scheme)
        with self._lock:
            if proxy not in self._pools:
                size = self._connections
                pool = urllib3.ProxyManager(proxy, maxsize=size) if proxy else urllib3.PoolManager(maxsize=size)
                self._pools[proxy] = pool
            return self._pools[proxy]

    def _describe(self, error: BaseException, host: str) -> str:
        if isinstance(error, exceptions.MaxRetryError) and error.reason:
            return self._describe(error.reason, host)
        match error:
            case exceptions.LocationValueError():
                return "The URL is not an http or https URL."
            case exceptions.NameResolutionError():
                return f"The host {host} cannot be resolved; check the name and the DNS."
            case exceptions.SSLError():
                return f"No TLS connection to {host}: its certificate is not trusted, or it does not support TLS."
            case exceptions.ProxyError():
                return f"The proxy for {host} cannot be reached."
            case exceptions.NewConnectionError():
                return f"{host} cannot be reached."
            case exceptions.ConnectTimeoutError():
                return f"{host} did not accept a connection within {self.timeout:g} s."
            case exceptions.ReadTimeoutError():
                return f"{host} sent nothing for {self.timeout:g} s."
        return f"{host} broke off the connection."


def _redirect_url(url: str, location: str) -> str:
    """Return the absolute URL of a redirect.

    Raises:
        InsecureUrlError: the redirect leads from https to http.
        NetworkError: the redirect leads to no http or https URL.
    """
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise NetworkError(f"{host_of(url)} redirects to a URL that is not http or https.")
    if urlsplit(url).scheme == "https" and scheme != "https":
        raise InsecureUrlError(host_of(target), f"{host_of(url)} redirects from https to plain text.")
    return target
