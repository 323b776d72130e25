"""Creation, update, reading and removal of a resource, as its resource type describes it."""

import datetime
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jmespath  # type: ignore[import-untyped]
import pulumi
from botocore import xform_name
from botocore.exceptions import ClientError

from local_provider.archives import sha256_of, zip_of
from local_provider.aws import Aws
from local_provider.json_patches import patch_operations
from local_provider.parameters import differs, from_answer, property_of, shape_of, to_parameters
from local_provider.resource_type import Operation, Properties, ResourceType
from local_provider.values import Plain

__all__ = ["Created", "create", "delete", "is_changed", "is_gone", "read", "update"]

_GONE = re.compile(
    r"404|.*NotFound|.*NotFoundException|.*NotFoundError|.*DoesNotExist|.*NonExistentQueue|NoSuch(Bucket|Entity|CORS|Life|Public).*"
)
"""Error codes that say that a resource does not exist."""
_ABSENT = frozenset({"NoSuchTagSet"})
"""Error codes that say that a part of a resource was never set."""


class _GoneError(Exception):
    """The resource does not exist; raised where the service itself answers without an error."""


class Created(NamedTuple):
    """A created resource: its id and its outputs beside its inputs."""

    id: str
    outputs: dict[str, Plain]


def create(aws: Aws, kind: ResourceType, inputs: Properties) -> Created:
    """Create a resource; inputs that the creating operation does not take are set afterwards."""
    values = _prepared(kind, inputs)
    answer = _call(aws, kind, kind.operations.create, {}, values)
    resource_id = _format(aws, kind.id, inputs, answer)
    values = {**values, "id": resource_id}
    outputs = _outputs(aws, kind, values, answer)
    if len(outputs) < len(kind.outputs):
        outputs |= _outputs(aws, kind, values, _describe(aws, kind, values))
    values |= outputs
    later = frozenset(name for name in kind.top_inputs & inputs.keys() if inputs[name] != kind.cleared.get(name))
    later -= _sent(aws, kind, kind.operations.create)
    for operation in kind.operations.update:
        if _sent(aws, kind, operation) & later:
            _call(aws, kind, operation, {}, values, later)
    if kind.tags and (kind.tags_after_create or "tags" in later):
        _change_tags(aws, kind, {}, values)
    return Created(resource_id, outputs)


def update(aws: Aws, kind: ResourceType, resource_id: str, old: Properties, new: Properties) -> dict[str, Plain]:
    """Change a resource in place; return its outputs."""
    outputs = {name: old[name] for name in kind.outputs if name in old}
    changed = frozenset(name for name in kind.top_inputs if is_changed(kind, name, old, new))
    values = {**outputs, **_prepared(kind, new), "id": resource_id}
    removed = {name: kind.cleared.get(name) for name in changed if name not in values}
    tagged = frozenset({"tags"}) if kind.tags else frozenset()
    for operation in kind.operations.update:
        if _sent(aws, kind, operation) & (changed - tagged):
            answer = _call(aws, kind, operation, old, {**values, **removed}, changed)
            outputs |= _outputs(aws, kind, values, answer)
    if kind.tags:
        _change_tags(aws, kind, old, values)
    return outputs


def read(aws: Aws, kind: ResourceType, resource_id: str, state: Properties) -> dict[str, Plain]:
    """Return the outputs, and the current values of the state's inputs that the service returns."""
    values = {**state, "id": resource_id}
    whole = _invoke(aws, kind, kind.operations.read, values)
    answer = _described(aws, kind, values, whole)
    current = _outputs(aws, kind, values, answer)
    readable = kind.top_inputs - kind.replaces - kind.unread - ({"tags"} if kind.tags else set())
    for name in readable & (state.keys() | {"tags"}):
        if name in kind.details:
            value = _detail(aws, kind, name, values, answer)
            current[name] = from_answer(kind, name, {}, value, state.get(name))
        else:
            current[name] = from_answer(kind, name, answer, None, state.get(name))
    if kind.tags:
        listed = _invoke(aws, kind, Operation(kind.tags[2]), values) if kind.tags[2] else whole
        current["tags"] = from_answer(kind, "tags", listed, None, None) or {}
    return current


def delete(aws: Aws, kind: ResourceType, resource_id: str, state: Properties) -> None:
    """Delete a resource; use `is_gone` on an error to see whether it had been deleted before."""
    values = {**state, "id": resource_id}
    if kind.before_delete:
        kind.before_delete(aws, values)
    _invoke(aws, kind, kind.operations.delete, values)


def is_changed(kind: ResourceType, name: str, old: Properties, new: Properties) -> bool:
    """Tell whether an input differs from the state.

    Code is compared by its hash, because the engine sends archives of the state without their content.
    """
    if isinstance(new.get(name), pulumi.Archive):
        return sha256_of(zip_of(new[name])) != old.get("codeSha256")
    return differs(old.get(name), new.get(name)) and not (name in kind.computed and name not in new)


def is_gone(error: Exception) -> bool:
    """Tell whether an error says that the resource does not exist."""
    return isinstance(error, _GoneError) or (
        isinstance(error, ClientError) and _GONE.fullmatch(_code(error)) is not None
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _prepared(kind: ResourceType, inputs: Properties) -> dict[str, Plain]:
    values = {**kind.defaults, **inputs}
    return values | dict(kind.prepare(values)) if kind.prepare else values


def _model(aws: Aws, kind: ResourceType, operation: Operation) -> Any:
    return aws.client(kind.service).meta.service_model.operation_model(operation.name)


def _sent(aws: Aws, kind: ResourceType, operation: Operation) -> frozenset[str]:
    """Return the inputs that an operation takes."""
    members = _model(aws, kind, operation).input_shape.members
    if "patchOperations" in members:
        return operation.only or kind.top_inputs
    names = {name for member in members for name in property_of(kind, member)}
    return frozenset(names) & operation.only if operation.only else frozenset(names)


def _call(
    aws: Aws,
    kind: ResourceType,
    operation: Operation,
    old: Properties,
    new: Properties,
    only: frozenset[str] | None = None,
) -> Properties:
    """Call an operation that creates or changes a resource, where it has anything to change."""
    model = _model(aws, kind, operation)
    names = _sent(aws, kind, operation) & (kind.top_inputs if only is None else only)
    if operation.unset and all(new.get(name) in (None, "", {}, [], -1) for name in names):
        return _invoke(aws, kind, Operation(operation.unset), new) if old else {}
    if "patchOperations" in model.input_shape.members and not operation.constants:
        patches = patch_operations(kind, model.output_shape, old, new, names)
        constants = {"patchOperations": [*patches]}
        return _invoke(aws, kind, Operation(operation.name), new, constants) if patches else {}
    if only is not None and kind.tags:
        new = {name: value for name, value in new.items() if name != "tags"}
    return _invoke(aws, kind, operation, {**new, **_empty_values(kind, model, new)})


def _empty_values(kind: ResourceType, model: Any, values: Properties) -> dict[str, Plain]:
    """Return what takes an input away that has become None: numbers and flags keep their value."""
    empty = {"string": "", "list": [], "map": {}, "structure": {}}
    shapes = {name: shape for name in values if (shape := shape_of(kind, model.input_shape, name)) is not None}
    return {
        name: empty[shape.type_name]
        for name, shape in shapes.items()
        if values[name] is None and shape.type_name in empty
    }


def _invoke(
    aws: Aws, kind: ResourceType, operation: Operation, values: Properties, more: Properties | None = None
) -> Properties:
    model = _model(aws, kind, operation)
    parameters = to_parameters(kind, operation, model.input_shape, values)
    answer: dict[str, Any] = getattr(aws.client(kind.service), xform_name(operation.name))(**parameters, **(more or {}))
    if answer.get("FailedEntryCount"):
        raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
    shapes = model.output_shape.members if model.output_shape is not None else {}
    if [shape.type_name for shape in shapes.values()] == ["structure"]:  # such as `{"Role": {...}}`
        return dict(answer.get(next(iter(shapes))) or {})
    return answer


def _describe(aws: Aws, kind: ResourceType, values: Properties) -> Properties:
    return _described(aws, kind, values, _invoke(aws, kind, kind.operations.read, values))


def _described(aws: Aws, kind: ResourceType, values: Properties, answer: Properties) -> Properties:
    if not kind.described_by:
        return answer
    description = jmespath.search(kind.described_by.format_map(_Values(aws, values)), answer)
    if not description:
        raise _GoneError(values["id"])
    return description if isinstance(description, Mapping) else {}


def _detail(aws: Aws, kind: ResourceType, name: str, values: Properties, answer: Properties) -> Plain:
    operation, path = kind.details[name]
    try:
        return jmespath.search(path, _invoke(aws, kind, Operation(operation), values) if operation else answer)
    except ClientError as error:
        if _code(error) in _ABSENT:
            return None
        raise


def _change_tags(aws: Aws, kind: ResourceType, old: Properties, new: Properties) -> None:
    assert kind.tags is not None
    before, after = old.get("tags") or {}, new.get("tags") or {}
    if removed := sorted(set(before) - set(after)):
        _invoke(aws, kind, Operation(kind.tags[1]), {**new, "tagKeys": removed})
    if after and after != before:
        _invoke(aws, kind, Operation(kind.tags[0]), new)


class _Values(dict[str, Any]):
    """Values of a template: properties, what the service has answered, and the cloud's own."""

    def __init__(self, aws: Aws, *values: Properties) -> None:
        super().__init__({name: value for mapping in values for name, value in mapping.items()})
        self._aws = aws

    def __missing__(self, name: str) -> str:
        if name == "account":
            return self._aws.account
        sockets = f"ws{self._aws.endpoint.removeprefix('http')}"
        return {"region": self._aws.region, "endpoint": self._aws.endpoint, "socketEndpoint": sockets}[name]


def _format(aws: Aws, template: str, *values: Properties) -> Plain:
    """Fill a template; one that is a single name gives the value itself, a date as text."""
    namespace = _Values(aws, *values)
    name = template[1:-1]
    value = namespace[name] if template == f"{{{name}}}" and name.isalnum() else template.format_map(namespace)
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _outputs(aws: Aws, kind: ResourceType, values: Properties, answer: Properties) -> dict[str, Plain]:
    """Return the outputs that properties and an answer give; the others are missing."""
    outputs = {}
    for name, template in kind.outputs.items():
        try:
            outputs[name] = _format(aws, template, values, answer)
        except KeyError:
            continue
    return outputs
