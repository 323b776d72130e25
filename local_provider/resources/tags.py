"""Tags, which every service takes in a shape of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from local_provider.resources.base import Inputs, State

__all__ = ["pairs", "retag"]


def pairs(inputs: Inputs, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
    """Tags as a list of pairs, or None when there are none."""
    tags: Mapping[str, str] = inputs.get("tags") or {}
    return [{key: name, value: text} for name, text in sorted(tags.items())] or None


def retag(old: State, new: Inputs, tag: Callable[[Any], object], untag: Callable[[list[str]], object]) -> None:
    """Bring tags from their old to their new state: `tag` gets the new ones, `untag` the names that are no more."""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    if stale := sorted(set(before) - set(after)):
        untag(stale)
    if after and after != before:
        tag(after)
