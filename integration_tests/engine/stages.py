"""Helpers for tests of a stage."""

from __future__ import annotations

import json
from typing import Any

from pulumi import automation

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack

MAX_WAIT_SECONDS = 20
LISTS = {
    "s3": ("list_buckets", "Buckets"),
    "dynamodb": ("list_tables", "TableNames"),
    "lambda": ("list_functions", "Functions"),
    "logs": ("describe_log_groups", "logGroups"),
    "iam": ("list_roles", "Roles"),
    "stepfunctions": ("list_state_machines", "stateMachines"),
    "apigateway": ("get_rest_apis", "items"),
    "apigatewayv2": ("get_apis", "Items"),
    "events": ("list_rules", "Rules"),
    "sqs": ("list_queues", "QueueUrls"),
}


def client_of(cloud: Cloud, stage: automation.Stack) -> Stack:
    """Return a client of the stage, which signs its requests on AWS."""
    outputs = {name: output.value for name, output in stage.outputs().items()}
    return Stack(cloud, outputs, origin=FILES, signed=cloud.target is Target.AWS)


def journey(client: Stack) -> None:
    """Download a file, and fail to download another one."""
    receive_ready.run(client, MAX_WAIT_SECONDS)
    receive_failed.run(client, MAX_WAIT_SECONDS)


def resources_of(stage: automation.Stack) -> list[dict[str, Any]]:
    """Return the resources in the state, secrets in clear."""
    return list((stage.export_stack().deployment or {}).get("resources", []))


def remains(cloud: Cloud, *names: str) -> dict[str, list[Any]]:
    """Return service -> resources that exist; in a shared cloud only those with one of the names."""
    resources = {
        service: getattr(cloud.client(service), call)().get(key) or [] for service, (call, key) in LISTS.items()
    }
    if cloud.target is not Target.EMULATOR:
        resources = {
            service: [item for item in items if any(name in json.dumps(item, default=str) for name in names)]
            for service, items in resources.items()
        }
    return {service: items for service, items in resources.items() if items}
