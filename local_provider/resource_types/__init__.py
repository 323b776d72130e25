"""The resource types that the stand-in provider knows: a record each, in the YAML files beside this module."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from local_provider.resource_type import ResourceType, from_record
from local_provider.resource_types import special_cases


def _read_records() -> Iterator[ResourceType]:
    for file in sorted(Path(__file__).parent.glob("*.yaml")):
        for token, fields in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            for name in {"patches", "prepare", "before_delete"} & fields.keys():
                fields[name] = getattr(special_cases, fields[name])
            yield from_record(token, **fields)


RESOURCE_TYPES: dict[str, ResourceType] = {kind.type: kind for kind in _read_records()}
"""Type token -> its description."""
