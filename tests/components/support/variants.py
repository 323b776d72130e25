"""Deployments with every optional setting, for tests that have to cover all resources and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from async_download.settings import FLAGS

from tests.components.support.harness import Deployment, deploy
from tests.components.test_settings import PARAMETER, SECRET, origin

NETWORK = {"vpc_subnet_ids": ["subnet-01234567"], "vpc_security_group_ids": ["sg-01234567"]}  # both or neither
NON_DEFAULT: dict[str, Any] = {
    **{flag: not default for flag, default in FLAGS.items() if flag != "force_destroy"},
    "object_prefix": "a/b/",
    "object_expiry_days": 30,
    "download_expires_seconds": 3600,
    "url_expires_seconds": 300,
    "max_connections": 3,
    "max_downloads_per_caller": 7,
    "daily_mb_per_caller": 5000,
    "close_idle_seconds": 30,
    "request_concurrency": 20,
    "connect_concurrency": 30,
    "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "rest_auth": "api_key",
    "api_keys": {"reporting": {"rate": 2, "burst": 4, "requests_per_day": 1000}, "batch": {}},
    "cors_origins": ["https://app.example.com"],
    "stage_name": "live",
    "throttle_rate": 7,
    "throttle_burst": 9,
    "log_retention_days": 7,
    "copy_memory_mb": 2048,
    "copy_concurrency": 1000,
    "copy_reserved_concurrency": 40,
    "slice_reserved_concurrency": 1000,
    "slice_execution_type": "STANDARD",
    "fan_out_mb": 64,
    "max_file_mb": 500,
    "reuse_seconds": 600,
    **NETWORK,
    "name_prefix": "reports",
    "tags": {"team": "reporting"},
    "execute_api_url": "http://127.0.0.1:4566/_aws/execute-api",
}
EXISTING_BUCKET: dict[str, Any] = {"bucket": "reports"}  # replaces a resource of the component
EXCLUSIVE: dict[str, Any] = {  # cannot be combined with the other settings
    "force_destroy": True,
    "authorizer": {"function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:who"},
}
PREREQUISITES: dict[str, dict[str, Any]] = {  # settings that a setting requires
    **dict.fromkeys(NETWORK, NETWORK),
    "web_page": {"rest_auth": "api_key"},
    "api_keys": {"rest_auth": "api_key"},
    "authorizer": {"rest_auth": "authorizer"},
}
WITH_SECRETS = origin(secret_headers={"Authorization": SECRET}, ca_bundle=PARAMETER)


def main_variants() -> dict[str, dict[str, Any]]:
    """Return name and arguments of the few deployments in which every permission is both present and absent."""
    return {
        "default": {},
        "secret headers": WITH_SECRETS,
        "everything": WITH_SECRETS | NON_DEFAULT,
        "everything, in an existing bucket": WITH_SECRETS | NON_DEFAULT | EXISTING_BUCKET,
    }


def variants() -> Iterator[tuple[str, Deployment]]:
    """Yield name and deployment of the main variants, and of each setting alone."""
    for name, args in main_variants().items():
        yield name, deploy(args)
    for setting, value in (NON_DEFAULT | EXISTING_BUCKET | EXCLUSIVE).items():
        yield setting, deploy({setting: value} | PREREQUISITES.get(setting, {}))
