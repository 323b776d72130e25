"""A program with two components, each with a prefix, tags and a provider of its own."""

import json
import sys
from typing import cast

import pulumi
import pulumi_aws as aws
from async_download import AsyncDownload, AsyncDownloadArgs, bundle
from pulumi import automation

SETTINGS = json.loads(sys.argv[1])
FIELDS = {"baseUrl": "base_url", "allowHttp": "allow_http", "redirects": "redirects"}
NAMES = {"tlsOnly": "tls_only", "loopbackOrigins": "loopback_origins", "executeApiUrl": "execute_api_url"}
NAMES |= {"forceDestroy": "force_destroy", "restAuth": "rest_auth", "webPage": "web_page"}
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
    settings = {NAMES.get(key, key): value for key, value in SETTINGS["component"].items()}
    settings["origins"] = {
        name: {FIELDS[key]: value for key, value in origin.items()} for name, origin in settings["origins"].items()
    }
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


def camel(name: str) -> str:
    """Return `apiUrl` for `api_url`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


options = automation.LocalWorkspaceOptions(work_dir=SETTINGS["folder"])
stack = automation.select_stack(SETTINGS["stack"], project_name="async-download", program=program, opts=options)
outputs = {name: output.value for name, output in stack.up().outputs.items()}
sys.stdout.write("\n" + json.dumps(outputs | {"runtime": str(bundle.runtime_folder())}) + "\n")
