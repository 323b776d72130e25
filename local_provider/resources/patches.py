"""How API Gateway is told of changes: a list of JSON patches, every value a string."""

from collections.abc import Mapping
from typing import Any

from local_provider.resources.base import Inputs, State
from local_provider.resources.tags import retag
from local_provider.values import Plain

__all__ = ["changes", "map_changes", "retag_api", "tags_of"]


def changes(old: State, new: Inputs, paths: Mapping[str, str]) -> list[dict[str, str]]:
    """Patches for the inputs (name -> path) that changed; one that is no longer given becomes empty."""
    return [
        {"op": "replace", "path": path, "value": _text(new.get(name))}
        for name, path in paths.items()
        if old.get(name) != new.get(name)
    ]


def map_changes(old: State, new: Inputs, name: str) -> list[dict[str, str]]:
    """Patches for the entries of a map."""
    before, after = old.get(name) or {}, new.get(name) or {}
    kept = {key: value for key, value in after.items() if before.get(key) != value}
    return [{"op": "remove", "path": f"/{name}/{_escaped(key)}"} for key in sorted(set(before) - set(after))] + [
        {"op": "add", "path": f"/{name}/{_escaped(key)}", "value": _text(value)} for key, value in kept.items()
    ]


def tags_of(client: Any, arn: str) -> dict[str, str]:
    """The tags of something of API Gateway's (v1); the emulator knows those that `retag_api` set."""
    return dict(client.get_tags(resourceArn=arn)["tags"])


def retag_api(client: Any, arn: str, old: State, new: Inputs) -> None:
    """Bring the tags of something of API Gateway's (v1) to their new state; after its creation from none."""
    retag(
        old,
        new,
        lambda tags: client.tag_resource(resourceArn=arn, tags=tags),
        lambda names: client.untag_resource(resourceArn=arn, tagKeys=names),
    )


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
