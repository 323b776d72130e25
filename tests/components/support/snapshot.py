"""Snapshot of every resource that the component registers, for a default stack and for stacks with every setting.

`python -m tests.components.support.snapshot --write` rewrites `snapshot.json` after a change that was meant.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pulumi

from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.variants import EXISTING_BUCKET, NETWORK, NON_DEFAULT, WITH_SECRETS

FILE = Path(__file__).with_name("snapshot.json")
EXISTING: dict[str, Any] = {
    **WITH_SECRETS,
    **EXISTING_BUCKET,
    **NETWORK,
    "encryption.kms_key_arn": NON_DEFAULT["encryption.kms_key_arn"],
    "auth.type": "authorizer",
    "auth.authorizer": {"function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:authorize"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "every setting": WITH_SECRETS | NON_DEFAULT,
    "existing bucket, key, network and authorizer": EXISTING,
}


def snapshot(deployment: Deployment) -> dict[str, Any]:
    """Return the outputs of the component, and type and logical name -> parent, inputs and options of each resource."""
    (outputs,) = deployment.component_outputs.values()
    resources = {f"{resource.type} {resource.name}": _resource(resource) for resource in deployment.resources}
    return {"outputs": outputs, "resources": dict(sorted(resources.items()))}


def read() -> dict[str, Any]:
    """Return the snapshots in the file, by the name of their variant."""
    variants: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return variants


def write() -> None:
    """Write the snapshots of all variants to the file."""
    snapshots = {name: snapshot(deploy(args)) for name, args in VARIANTS.items()}
    FILE.write_text(json.dumps(snapshots, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _resource(resource: RegisteredResource) -> dict[str, Any]:
    options = {
        "delete_before_replace": resource.delete_before_replace,
        "retain_on_delete": resource.retain_on_delete,
        "protect": resource.protect,
        "secret_outputs": list(resource.secret_outputs),
        "delete_timeout": resource.delete_timeout,
    }
    inputs = {key: _readable(value) for key, value in resource.inputs.items()}
    set_options = {option: value for option, value in options.items() if value}
    return {"parent": resource.parent.rpartition("::")[2], "inputs": inputs, "options": set_options}


def _readable(value: object) -> object:
    """Return the document that a JSON string holds, so that its changes can be read; no content of an archive."""
    if isinstance(value, pulumi.Archive):
        return "archive"
    return json.loads(value) if isinstance(value, str) and value.startswith('{"') else value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    write()
