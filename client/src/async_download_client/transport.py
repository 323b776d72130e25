"""HTTP through urllib3, with errors that name the host but never the URL, whose query may be a signature."""

from __future__ import annotations

import http.client
import math
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin, urlsplit

import urllib3
import urllib3.connection
from urllib3 import exceptions

from async_download_client.errors import AsyncDownloadError, InsecureUrlError, NetworkError
from async_download_client.proxy import Proxy, is_loopback, proxy_for
from async_download_client.receiving import POOLS
from async_download_client.stop import StopSignal
from async_download_client.text import printable

MAX_TIMEOUT_SECONDS = 86_400  # sockets take at most 2 ** 31 ms
_PLAIN = ("http", "ws")
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})")


def _user_agent() -> str:
    try:
        return f"async-download-client/{version('async-download-client')}"
    except PackageNotFoundError:
        return "async-download-client"


USER_AGENT = _user_agent()


def host_of(url: str) -> str:
    """Return the host in a URL, for messages."""
    try:
        return printable(urlsplit(url).hostname or "the server")
    except ValueError:
        return "the server"


def check_encrypted(url: str, *, allow_http: bool) -> None:
    """Refuse a URL of http or ws on another machine, unless `allow_http`; raises InsecureUrlError."""
    parts = urlsplit(url)
    if parts.scheme in _PLAIN and not allow_http and not is_loopback(parts.hostname or ""):
        raise InsecureUrlError(host_of(url), f"The URL of {host_of(url)} begins with {parts.scheme}://.")


class Transport:
    """Keeps and reuses connections, through the proxy in the environment.

    Plain http is sent to this machine only, unless `allow_http`.
    """

    def __init__(self, timeout: float, connections: int, *, allow_http: bool = False) -> None:
        if not 0 < timeout <= MAX_TIMEOUT_SECONDS:
            raise ValueError(f"The time-out has to be above 0 and at most {MAX_TIMEOUT_SECONDS:,} seconds.")
        self.timeout = timeout
        self.allow_http = allow_http
        self._connections = connections
        self._lock = threading.Lock()
        self._pools: dict[Proxy | None, urllib3.PoolManager] = {}

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
        timeout: float = math.inf,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request and follow up to `redirects` redirects, none of them from https to http.

        `timeout` limits the silence of the server further. The caller reads the body of the response, within `errors`.
        """
        stop.raise_if_set()
        timeout = min(timeout, self.timeout)
        with self.errors(url, timeout):
            response = self._send_once(method, url, headers, body, timeout)
            while redirects and (location := response.get_redirect_location()):
                response.close()
                url, redirects = _redirect_url(url, location), redirects - 1
                response = self._send_once(method, url, headers, body, timeout)
        try:
            with stop.on_stop(response.shutdown):
                yield response
        finally:
            response.close()

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> urllib3.BaseHTTPResponse:
        check_encrypted(url, allow_http=self.allow_http)
        proxy = proxy_for(url)
        response = self._pool(proxy).request(
            method,
            url,
            body=body,
            headers={"User-Agent": USER_AGENT, **headers},
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            retries=urllib3.Retry(0, raise_on_redirect=False),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        if proxy and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            response.close()
            raise proxy.refuse_credentials()
        return response

    @contextmanager
    def errors(self, url: str, timeout: float | None = None) -> Iterator[None]:
        """Raise the errors of urllib3 and http.client as NetworkError or ProxyError; their texts may hold secrets."""
        try:
            yield
        except (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, exceptions.MaxRetryError) and error.reason else error
            raise _describe(reason, url, timeout or self.timeout) from None

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, proxy: Proxy | None) -> urllib3.PoolManager:
        with self._lock:
            if proxy not in self._pools:
                size = self._connections
                pools = (
                    urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, maxsize=size)
                    if proxy
                    else urllib3.PoolManager(maxsize=size)
                )
                pools.pool_classes_by_scheme = POOLS
                self._pools[proxy] = pools
            return self._pools[proxy]


def connect(url: str, timeout: float) -> socket.socket:
    """Open a connection for a WebSocket, through the proxy in the environment, with TLS for wss.

    Raises:
        OSError, http.client.HTTPException, urllib3.exceptions.HTTPError: no connection; the text may hold secrets.
        ProxyError: the proxy cannot be used.
    """
    parts, proxy = urlsplit(url), proxy_for(url)
    is_secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    kind = urllib3.connection.HTTPSConnection if is_secure else urllib3.connection.HTTPConnection
    connection = kind(proxy.host if proxy else host, proxy.port if proxy else port, timeout=timeout)
    try:
        if proxy:
            connection.set_tunnel(host, port, proxy.headers)
        connection.connect()
    except OSError as error:
        connection.close()
        if proxy and tunnel_status(error) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise proxy.refuse_credentials() from None
        raise
    return connection.sock


def tunnel_status(error: BaseException) -> int | None:
    """Return the status with which a proxy refused CONNECT; None for other errors."""
    match = _TUNNEL_STATUS.search(str(error))
    return int(match[1]) if match else None


def _describe(error: Exception, url: str, timeout: float) -> AsyncDownloadError:
    host = host_of(url)
    match error:
        case exceptions.LocationValueError():
            return NetworkError("The URL is not an http or https URL.", is_final=True)
        case exceptions.NameResolutionError():
            return NetworkError(f"The host {host} cannot be resolved; check the name and the DNS.")
        case exceptions.SSLError():
            reason = "its certificate is not trusted, or it does not support TLS"
            return NetworkError(f"No TLS connection to {host}: {reason}.", is_final="CERTIFICATE" in str(error))
        case exceptions.ProxyError():
            return _describe_proxy_error(error, url)
        case exceptions.NewConnectionError():
            return NetworkError(f"{host} cannot be reached.")
        case exceptions.ConnectTimeoutError():
            return NetworkError(f"{host} did not accept a connection within {round(timeout, 1):g} s.")
        case exceptions.ReadTimeoutError() | TimeoutError():
            return NetworkError(f"{host} sent nothing for {round(timeout, 1):g} s, or no complete response head.")
    if isinstance(error, ValueError):
        return NetworkError(f"The request to {host} has a header or URL that HTTP does not allow.", is_final=True)
    return NetworkError(f"{host} broke off the connection.")


def _describe_proxy_error(error: exceptions.ProxyError, url: str) -> AsyncDownloadError:
    proxy, host = proxy_for(url), host_of(url)
    name = printable(proxy.name) if proxy else "in the environment"
    status = tunnel_status(error.original_error)
    if proxy and status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return proxy.refuse_credentials()
    if status:
        return NetworkError(f"The proxy {name} refused a connection to {host} (HTTP {status}).")
    return NetworkError(f"The proxy {name} for {host} cannot be reached.")


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
