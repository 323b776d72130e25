"""Deployments with every optional setting, for tests that have to cover all resources and policies."""

from __future__ import annotations

from typing import Any

from client.tests.support.examples import some
from tests.components.support.declarations import FLAGS
from tests.components.test_settings import PARAMETER, SECRET, origin

NETWORK = {"vpc.subnet_ids": ["subnet-01234567"], "vpc.security_group_ids": ["sg-01234567"]}  # both or neither
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
WEB_ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/company/1234abcd-12ab-34cd-56ef-1234567890ab"
REST_DOMAIN: dict[str, Any] = {
    "api.domain_name": "files.example.com",
    "api.certificate_arn": CERTIFICATE,
}  # both or neither
SOCKET_DOMAIN: dict[str, Any] = {
    "websocket.domain_name": "sockets.example.com",
    "websocket.certificate_arn": CERTIFICATE,
}
NON_DEFAULT: dict[str, Any] = {
    **{flag: not default for flag, default in FLAGS.items() if flag != "protection.force_destroy"},
    "storage.prefix": "a/b/",
    "retention.object_expiration_days": 30,
    "retention.download_expires_seconds": 3600,
    "retention.url_expires_seconds": 300,
    "websocket.max_connections_per_download": 3,
    "limits.max_downloads_per_caller": 7,
    "limits.daily_mb_per_caller": 5000,
    "websocket.idle_timeout_seconds": 30,
    "api.reserved_concurrency": 20,
    "websocket.reserved_concurrency": 30,
    "encryption.kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "auth.type": "api_key",
    "auth.api_keys": {"reporting": {"rate": 2, "burst": 4, "requests_per_day": 1000}, "batch": {}},
    "api.cors_origins": ["https://app.example.com"],
    "api.stage_name": "live",
    **REST_DOMAIN,
    **SOCKET_DOMAIN,
    "api.web_acl_arn": WEB_ACL,
    "api.throttle_rate": 7,
    "api.throttle_burst": 9,
    "observability.log_retention_days": 7,
    "observability.event_bus": "downloads",
    "observability.log_group_prefix": "/company/files",
    "protection.permissions_boundary_arn": "arn:aws:iam::123456789012:policy/company/boundary",
    "protection.role_path": "/company/files/",
    "observability.alarms.topic_arn": "arn:aws:sns:eu-west-1:123456789012:operators",
    "observability.alarms.dead_letters": 2,
    "observability.alarms.dead_letter_hours": 48,
    "observability.alarms.function_errors": 3,
    "observability.alarms.function_throttles": 20,
    "observability.alarms.dropped_calls": 4,
    "observability.alarms.timed_out_executions": 5,
    "observability.alarms.failed_executions_percent": 20,
    "observability.alarms.failed_downloads": 0,  # without observability.metrics
    "observability.alarms.missed_messages": 0,
    "observability.alarms.rest_server_errors": 6,
    "observability.alarms.websocket_execution_errors": 7,
    "observability.alarms.websocket_integration_errors": 50,
    "observability.alarms.table_throttles": 8,
    "observability.alarms.failed_events": 9,
    "observability.alarms.idle_closer_failures": 10,
    "copying.memory_mb": 2048,
    "copying.concurrency": 1000,
    "copying.reserved_concurrency": 40,
    "copying.slice_reserved_concurrency": 1000,
    "cloud.slice_execution_type": "STANDARD",
    "copying.slice_threshold_mb": 64,
    "limits.max_file_mb": 500,
    "copying.reuse_seconds": 600,
    **NETWORK,
    "name_prefix": "reports",
    "tags": {"team": "reporting"},
    "cloud.execute_api_url": "http://127.0.0.1:4566/_aws/execute-api",
}
EXISTING_BUCKET: dict[str, Any] = {"storage.bucket": "reports"}  # replaces a resource of the component
EXISTING_API: dict[str, Any] = {"api.rest_api_id": "abcd123456", "api.root_resource_id": "comp4y"}  # both or neither
EXCLUSIVE: dict[str, Any] = {  # cannot be combined with the other settings
    "protection.force_destroy": True,
    **EXISTING_API,
    "auth.authorizer": {"function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:who"},
}
PREREQUISITES: dict[str, dict[str, Any]] = {  # settings that a setting requires
    **dict.fromkeys(NETWORK, NETWORK),
    **dict.fromkeys((*REST_DOMAIN, "api.disable_execute_api_endpoint"), REST_DOMAIN),
    **dict.fromkeys(SOCKET_DOMAIN, SOCKET_DOMAIN),
    **dict.fromkeys(EXISTING_API, EXISTING_API),
    "api.web_page": {"auth.type": "api_key"},
    "auth.api_keys": {"auth.type": "api_key"},
    "auth.authorizer": {"auth.type": "authorizer"},
}
GROUP_SIZE = 10
WITH_SECRETS = origin(secret_headers={"Authorization": SECRET}, ca_bundle=PARAMETER)


def main_variants() -> dict[str, dict[str, Any]]:
    """Return name and arguments of the few deployments in which every permission is both present and absent."""
    return {
        "default": {},
        "secret headers": WITH_SECRETS,
        "everything": WITH_SECRETS | NON_DEFAULT,
        "everything, in an existing bucket": WITH_SECRETS | NON_DEFAULT | EXISTING_BUCKET,
        "an existing API": EXISTING_API | {"auth.type": "none", "api.web_page": True},
    }


def variants() -> dict[str, dict[str, Any]]:
    """Return name and arguments of the main variants, and of each setting alone.

    With pytest's option `--examples few`, settings that can be combined come in groups of `GROUP_SIZE`.
    """
    alone = NON_DEFAULT | EXISTING_BUCKET | EXCLUSIVE
    by_setting = {setting: {setting: value} | PREREQUISITES.get(setting, {}) for setting, value in alone.items()}
    if some(len(alone)) < len(alone):
        names = list(NON_DEFAULT)
        for group in (names[start : start + GROUP_SIZE] for start in range(0, len(names), GROUP_SIZE)):
            arguments: dict[str, Any] = {}
            for name in group:
                arguments |= by_setting.pop(name)
            by_setting[f"{group[0]} to {group[-1]}"] = arguments
    return main_variants() | by_setting
