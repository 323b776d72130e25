"""botocore clients, made once per process when first needed, and their errors made safe to show."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import Session

from runtime.errors import THROTTLED, ConfigError, ServiceError, TransientServiceError

LEAST_BOTOCORE = (1, 36)  # knows checksums of whole objects

if tuple(map(int, botocore.__version__.split(".")[:2])) < LEAST_BOTOCORE:
    raise ConfigError(f"botocore 1.36 or newer is needed, and this is {botocore.__version__}: update the layer.")

QUICK = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}, tcp_keepalive=True
)


_clients: dict[tuple[str, Config, str | None], Any] = {}
_lock = threading.Lock()


@cache
def session() -> Session:
    """The process's session. boto3 itself would only cost time here: 40 ms of a cold start."""
    return Session()


def client(service: str, config: Config = QUICK, endpoint_url: str | None = None) -> Any:
    """The process's client of a service; threads share it."""
    with _lock:
        made = _clients.get((service, config, endpoint_url))
        if made is None:
            made = session().create_client(service, config=config, endpoint_url=endpoint_url)
            _clients[service, config, endpoint_url] = made
    return made


@contextmanager
def safe_errors(operation: str, kind: type[ServiceError] = ServiceError) -> Iterator[None]:
    """Raise what boto3 raises as our own error: its name and code, without the message, which may hold a URL.

    An error that another try may mend is a TransientServiceError, unless `kind` asks for a more specific class.
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
    """The error's code as the service gave it."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))
