"""boto3 clients of a cloud: endpoint, region and keys, independent of the user's AWS settings."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

# No variables, profile and shared files: the user's environment must neither break nor redirect a local stack.
_ISOLATED = {
    name: (None, None, "/dev/null" if name in ("config_file", "credentials_file") else default, convert)
    for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
}
_CONFIG = Config(
    proxies={},  # ignore the environment's: this cloud is on this machine
    connect_timeout=5,
    read_timeout=120,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 2},
    signature_version="s3v4",
    s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"},  # both have variables, too
)


@dataclass
class Aws:
    """A cloud; its clients are created once and shared between threads.

    `service_endpoints` has services with another endpoint: `dynamodb` -> URL.
    """

    endpoint: str
    region: str = "us-east-1"
    access_key_id: str = "nobody"
    secret_access_key: str = "nobody"  # noqa: S105 - no cloud takes these: whoever has keys names them
    default_tags: dict[str, str] = field(default_factory=dict)
    service_endpoints: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.service_endpoints.get(service, self.endpoint),
                    config=_CONFIG if service == "s3" else _CONFIG.merge(Config(signature_version="v4")),
                )
            return self._clients[service]

    @cached_property
    def account(self) -> str:
        """Return the account's number."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
            botocore_session=botocore.session.Session(session_vars=_ISOLATED),
        )
