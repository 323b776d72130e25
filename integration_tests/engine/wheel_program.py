"""A program with two components, each with a prefix, tags and a provider of its own."""

import json
import re
import sys
from typing import Any, cast

import pulumi
import pulumi_aws as aws
from async_download import AsyncDownload, AsyncDownloadArgs, bundle
from pulumi import automation

SETTINGS = json.loads(sys.argv[1])
OUTPUTS = (
    "api_url",
    "web_socket_url",
    "web_page_url",
    "downloads_table_name",
    "connections_table_name",
    "bucket_name",
    "state_machine_arn",
)


def program() -> None:
    """Create two components, the second one with an explicit provider."""
    settings = snake(SETTINGS["component"])
    cloud = pulumi.Config("aws")
    other = aws.Provider(
        "other",
        region="us-east-1",
        access_key=cloud.require("accessKey"),
        secret_key=cloud.require("secretKey"),
        endpoints=cloud.require_object("endpoints"),
    )
    for side, team, options in (
        ("left", "reports", pulumi.ResourceOptions()),
        ("right", "ledgers", pulumi.ResourceOptions(providers=[other])),
    ):
        args = cast(AsyncDownloadArgs, {**settings, "name_prefix": team, "tags": {"team": team}})
        component = AsyncDownload(side, args, options)
        pulumi.export(side, {camel(name): getattr(component, name) for name in OUTPUTS})


def snake(value: Any) -> Any:
    """Return an object with its keys in snake_case; the names of the origins are in lower case."""
    if not isinstance(value, dict):
        return value
    return {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): snake(item) for key, item in value.items()}


def camel(name: str) -> str:
    """Return `apiUrl` for `api_url`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


options = automation.LocalWorkspaceOptions(work_dir=SETTINGS["folder"])
stack = automation.select_stack(SETTINGS["stack"], project_name="async-download", program=program, opts=options)
outputs = {name: output.value for name, output in stack.up().outputs.items()}
sys.stdout.write("\n" + json.dumps(outputs | {"runtime": str(bundle.runtime_folder())}) + "\n")
