"""Compares the resources of two deployments, with generated ids replaced by names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LEFT_OUT = frozenset({"__defaults", "code"})  # set by the engine; an archive, of which the state has the hash
_VERSION = re.compile(r"(:function:[\w-]+):\d+")
GENERATED = ("rootResourceId",)  # generated outputs, other than the id, that other resources refer to


class Registered(NamedTuple):
    """A resource; `outputs` holds its inputs, too."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def comparable(resources: Sequence[Registered], endpoint: str) -> dict[str, dict[str, Any]]:
    """Return type and name -> inputs, with ids and endpoint replaced by the resource that they belong to.

    Versions of functions are left out: each change of a stage publishes another one.
    """
    words = {endpoint.partition("//")[2]: "<endpoint>"}  # in URLs of http and of WebSockets
    for resource in sorted(resources, key=lambda resource: resource[:2]):
        for generated in (resource.id, *(str(resource.outputs[key]) for key in GENERATED if key in resource.outputs)):
            words.setdefault(generated, f"<{resource.type}::{resource.name}>")
    longest_first = sorted(words, key=len, reverse=True)

    def named(inputs: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps({key: value for key, value in inputs.items() if key not in LEFT_OUT}, sort_keys=True)
        text = _VERSION.sub(r"\1", text)
        for word in longest_first:
            text = text.replace(word, words[word])
        replaced: dict[str, Any] = json.loads(text)
        return replaced

    return {f"{resource.type}::{resource.name}": named(resource.inputs) for resource in resources}
