"""A stack of somebody else's: two components side by side, each with a prefix, tags and a provider of its own."""

import json
import re
import sys
from typing import Any, cast

import pulumi
import pulumi_aws as aws
from async_download import AsyncDownload, AsyncDownloadArgs, bundle
from pulumi import automation

GIVEN = json.loads(sys.argv[1])
WANTED = (
    "api_url",
    "web_socket_url",
    "web_page_url",
    "downloads_table_name",
    "connections_table_name",
    "bucket_name",
    "state_machine_arn",
)


def program() -> None:
    """Deploy two components, the second on a provider of its own."""
    settings = snake(GIVEN["component"])
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
        made = AsyncDownload(side, args, options)
        pulumi.export(side, {camel(name): getattr(made, name) for name in WANTED})


def snake(value: Any) -> Any:
    """Return an object with its keys in snake_case; the names of the origins are in lower case."""
    if not isinstance(value, dict):
        return value
    return {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): snake(item) for key, item in value.items()}


def camel(name: str) -> str:
    """`api_url` -> `apiUrl`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


options = automation.LocalWorkspaceOptions(work_dir=GIVEN["folder"])
stack = automation.select_stack(GIVEN["stack"], project_name="async-download", program=program, opts=options)
outputs = {name: output.value for name, output in stack.up().outputs.items()}
sys.stdout.write("\n" + json.dumps(outputs | {"runtime": str(bundle.runtime_folder())}) + "\n")
