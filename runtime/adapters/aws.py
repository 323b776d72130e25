"""botocore clients, one of each kind in a process, and their errors made safe to show."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import botocore
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import Session

from runtime.errors import THROTTLED, ConfigError, ServiceError, TransientServiceError

MIN_BOTOCORE = (1, 36)  # the first with checksums of whole objects

if tuple(map(int, botocore.__version__.split(".")[:2])) < MIN_BOTOCORE:
    raise ConfigError(f"botocore 1.36 or newer is needed, and this is {botocore.__version__}: update the layer.")

for _library in ("botocore", "urllib3"):  # at INFO botocore logs at each start where it found credentials and endpoints
    logging.getLogger(_library).setLevel(logging.WARNING)

QUICK = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
    max_pool_connections=32,  # as many as `parallel.map_each` has threads
)


_clients: dict[tuple[str, Config, str | None], Any] = {}
_lock = threading.Lock()
_unsigned = ContextVar("unsigned", default=False)


@cache
def session() -> Session:
    """Return the process's session. boto3 would take 40 ms more of a cold start."""
    session = Session()
    session.register("choose-signer", _choose_signer)
    return session


def client(service: str, config: Config = QUICK, endpoint_url: str | None = None) -> Any:
    """Return the process's client of a service; threads share it."""
    with _lock:
        client = _clients.get((service, config, endpoint_url))
        if client is None:
            client = session().create_client(service, config=config, endpoint_url=endpoint_url)
            _clients[service, config, endpoint_url] = client
    return client


def create_client(service: str, **options: Any) -> Any:
    """Make a client of its own, for example with other credentials. botocore's session makes one at a time."""
    with _lock:
        return session().create_client(service, **options)


def open_connection(client: Any, operation: str, **parameters: object) -> None:
    """Send one unsigned request, so that the client's next one finds an open connection and everything loaded.

    AWS refuses it, whatever the function's permissions are. It changes nothing and counts as no failed call.

    Raises:
        BotoCoreError: the endpoint cannot be reached.
    """
    token = _unsigned.set(True)
    try:
        getattr(client, operation)(**parameters)
    except ClientError:  # the refusal
        pass
    finally:
        _unsigned.reset(token)


def _choose_signer(**_request: object) -> Any:
    """Leave requests of `open_connection` unsigned, and no others: the variable is the thread's own."""
    return UNSIGNED if _unsigned.get() else None


@contextmanager
def safe_errors(operation: str, kind: type[ServiceError] = ServiceError) -> Iterator[None]:
    """Raise what boto3 raises as our own error: its name and code, without the message, which may hold a URL.

    An error that another attempt may overcome is a TransientServiceError, unless `kind` asks for a more specific class.
    """
    try:
        yield
    except ClientError as error:
        raise _class_of(error, kind)(operation, code_of(error)) from None
    except BotoCoreError as error:
        raise _class_of(error, kind)(operation, type(error).__name__) from None


def _class_of(error: Exception, kind: type[ServiceError]) -> type[ServiceError]:
    if kind is not ServiceError:
        return kind
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        transient = status == 429 or status >= 500 or code_of(error) in THROTTLED
    else:  # no connection, or no answer in time
        transient = isinstance(error, NoConnectionError | HTTPClientError)
    return TransientServiceError if transient else kind


def code_of(error: ClientError) -> str:
    """Return the code that the service gave the error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))
