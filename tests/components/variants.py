"""Every optional setting with a value that is not its default: for tests that have to look at all there can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from async_download.settings import FLAGS

from tests.components.harness import Deployed, deploy
from tests.components.test_settings import SECRET, origin

OTHER: dict[str, Any] = {
    **{flag: not default for flag, default in FLAGS.items()},
    "object_prefix": "a/b/",
    "object_expiry_days": 30,
    "download_expires_seconds": 3600,
    "url_expires_seconds": 300,
    "max_connections": 3,
    "rest_auth": "api_key",
    "cors_origins": ["https://app.example.com"],
    "stage_name": "live",
    "throttle_rate": 7,
    "throttle_burst": 9,
    "log_retention_days": 7,
    "copy_memory_mb": 2048,
    "copy_concurrency": 1000,
    "fan_out_mb": 64,
    "name_prefix": "reports",
    "tags": {"team": "reporting"},
    "execute_api_url": "http://127.0.0.1:4566/_aws/execute-api",
}
INSTEAD: dict[str, Any] = {"bucket": "reports"}  # what takes the place of something that the component makes
SECRETIVE = origin(secret_headers={"Authorization": SECRET})


def variants() -> Iterator[tuple[str, Deployed]]:
    """Name and deployment: the default, each setting alone, all of them together."""
    yield "default", deploy()
    yield "secret headers", deploy(SECRETIVE)
    for setting, value in (OTHER | INSTEAD).items():
        yield setting, deploy({setting: value})
    yield "everything", deploy(SECRETIVE | OTHER)
    yield "everything, in a given bucket", deploy(SECRETIVE | OTHER | INSTEAD)
