"""What two deployments registered, in a form in which they can be compared: what each cloud made up has a name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LEFT_OUT = frozenset({"__defaults", "code"})  # the engine's own note; an archive, which the state holds as a hash
MADE_UP = ("rootResourceId",)  # outputs beside the id that a cloud makes up and that other resources are given


class Registered(NamedTuple):
    """One resource; `outputs` holds its inputs too."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def comparable(resources: Sequence[Registered], endpoint: str) -> dict[str, dict[str, Any]]:
    """Type and name -> inputs, with the ids and the endpoint of that cloud replaced by what they are of."""
    words = {endpoint.partition("//")[2]: "<endpoint>"}  # in URLs of http and of WebSockets
    for one in sorted(resources, key=lambda one: one[:2]):
        for made_up in (one.id, *(str(one.outputs[key]) for key in MADE_UP if key in one.outputs)):
            words.setdefault(made_up, f"<{one.type}::{one.name}>")
    longest_first = sorted(words, key=len, reverse=True)

    def named(inputs: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps({key: value for key, value in inputs.items() if key not in LEFT_OUT}, sort_keys=True)
        for word in longest_first:
            text = text.replace(word, words[word])
        replaced: dict[str, Any] = json.loads(text)
        return replaced

    return {f"{one.type}::{one.name}": named(one.inputs) for one in resources}
