"""Creation, update, reading and removal of a resource, as its resource type describes it."""

import datetime
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pulumi
from botocore import xform_name
from botocore.exceptions import ClientError

from local_provider.archives import sha256_of, zip_of
from local_provider.aws import Aws
from local_provider.errors import GoneError
from local_provider.parameters import EMPTY, differs, from_answer, patch_operations, to_parameters, to_property
from local_provider.resource_type import Operation, Properties, ResourceType
from local_provider.values import Plain

_GONE = re.compile(
    r"404|.*NotFound|.*NotFoundException|.*NotFoundError|.*DoesNotExist|.*NonExistentQueue|.*NonexistentItemException|NoSuch(Bucket|Entity|CORS|Life|Public).*"
)
"""Error codes that say that a resource does not exist."""
_ABSENT = frozenset({"NoSuchTagSet"})
"""Error codes that say that a part of a resource was never set."""


class ResourceClient:
    """Creates, updates, reads and deletes resources of one type in a cloud."""

    def __init__(self, aws: Aws, kind: ResourceType) -> None:
        self._aws = aws
        self._kind = kind

    def create(self, inputs: Properties) -> tuple[str, dict[str, Plain]]:
        """Create a resource and return its id and its outputs beside its inputs.

        Inputs that the creating operation does not take are set afterwards.
        """
        kind, values = self._kind, self._prepared(inputs)
        answer = self._call(kind.create, {}, values)
        values["id"] = self._format(kind.id, inputs, answer)
        outputs = self._outputs(values, answer)
        if len(outputs) < len(kind.outputs):
            outputs |= self._outputs(values, self._described(values, self._invoke(kind.read, values)))
        values |= outputs
        later = frozenset(name for name in kind.top_inputs & inputs.keys() if inputs[name] != kind.cleared.get(name))
        later -= self._sent(kind.create)
        for operation in kind.update:
            if self._sent(operation) & later:
                self._call(operation, {}, values, later)
        if kind.tags_after_create or "tags" in later:
            self._change_tags({}, values)
        return values["id"], outputs

    def update(self, resource_id: str, old: Properties, new: Properties) -> dict[str, Plain]:
        """Change a resource in place; return its outputs."""
        kind = self._kind
        outputs = {name: old[name] for name in kind.outputs if name in old}
        changed = frozenset(name for name in kind.top_inputs if is_changed(kind, name, old, new))
        values = {**outputs, **self._prepared(new), "id": resource_id}
        removed = {name: kind.cleared.get(name) for name in changed if name not in values}
        for operation in kind.update:
            if self._sent(operation) & (changed - {"tags"} if kind.tags else changed):
                outputs |= self._outputs(values, self._call(operation, old, {**values, **removed}, changed))
        if kind.publish and kind.publishes(changed, values):
            outputs |= self._outputs(values, self._invoke(kind.publish, values))
        self._change_tags(old, values)
        return outputs

    def read(self, resource_id: str, state: Properties) -> dict[str, Plain]:
        """Return the outputs, and the current values of the state's inputs that the service returns."""
        kind, values = self._kind, {**state, "id": resource_id}
        whole = self._invoke(kind.read, values)
        answer = self._described(values, whole)
        current: dict[str, Plain] = {}
        for name in (kind.top_inputs - kind.replaces - kind.unread) & (state.keys() | {"tags"}):
            if name != "tags" or not kind.tags:
                is_detail = name in kind.details
                value = self._detail(name, values, answer) if is_detail else from_answer(kind, name, answer)
                current[name] = to_property(kind, name, value, state.get(name))
        details = {name: self._detail(name, values, answer) for name in kind.details.keys() - kind.top_inputs}
        current |= self._outputs({**values, **current}, {**answer, **details})
        if kind.tags:
            listed = self._invoke(Operation(kind.tags[2]), values) if kind.tags[2] else whole
            current["tags"] = to_property(kind, "tags", from_answer(kind, "tags", listed)) or {}
        return current

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete a resource; use `is_gone` on an error to see whether it had been deleted before."""
        values = {**state, "id": resource_id}
        if self._kind.before_delete:
            self._kind.before_delete(self._aws, values)
        self._invoke(self._kind.delete, values)

    def _prepared(self, inputs: Properties) -> dict[str, Plain]:
        values = {**self._kind.defaults, **inputs}
        return values | dict(self._kind.prepare(values)) if self._kind.prepare else values

    def _model(self, operation: Operation) -> Any:
        return self._aws.client(self._kind.service).meta.service_model.operation_model(operation.name)

    def _sent(self, operation: Operation) -> frozenset[str]:
        """Return the inputs that an operation takes."""
        members = self._model(operation).input_shape.members
        if "patchOperations" in members:
            return operation.only or self._kind.top_inputs
        names = self._kind.inputs_in(members)
        return names & operation.only if operation.only else names

    def _call(
        self, operation: Operation, old: Properties, new: Properties, only: frozenset[str] | None = None
    ) -> Properties:
        """Call an operation that creates or changes a resource, where it has anything to change."""
        kind, model = self._kind, self._model(operation)
        names = self._sent(operation) & (kind.top_inputs if only is None else only)
        if operation.unset and all(new.get(name) in (*EMPTY, -1) for name in names):
            return self._invoke(Operation(operation.unset), new) if old else {}
        if "patchOperations" in model.input_shape.members and not operation.constants:
            patches = patch_operations(kind, model.output_shape, old, new, names)
            return self._invoke(operation, new, patchOperations=patches) if patches else {}
        if only is not None and kind.tags:
            new = {name: value for name, value in new.items() if name != "tags"}
        return self._invoke(operation, new)

    def _invoke(self, operation: Operation, values: Properties, **more: Any) -> Properties:
        """Call an operation and return its answer, or the only structure in it, such as `{"Role": {...}}`."""
        model = self._model(operation)
        parameters = to_parameters(self._kind, operation, model.input_shape, values) | more
        answer: dict[str, Any] = getattr(self._aws.client(self._kind.service), xform_name(operation.name))(**parameters)
        if answer.get("FailedEntryCount"):
            raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
        shapes = model.output_shape.members if model.output_shape is not None else {}
        if [shape.type_name for shape in shapes.values()] == ["structure"]:
            return dict(answer.get(next(iter(shapes))) or {})
        return answer

    def _described(self, values: Properties, answer: Properties) -> Properties:
        """Return the resource in the answer of `read`; raise GoneError if it is not there."""
        if not self._kind.described_by:
            return answer
        description = jmespath.search(self._kind.described_by.format_map(_Values(self._aws, values)), answer)
        if not description:
            raise GoneError(values["id"])
        return description if isinstance(description, Mapping) else {}

    def _detail(self, name: str, values: Properties, answer: Properties) -> Plain:
        operation, path = self._kind.details[name]
        try:
            return jmespath.search(path, self._invoke(Operation(operation), values) if operation else answer)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    def _change_tags(self, old: Properties, new: Properties) -> None:
        if self._kind.tags is None:
            return
        before, after = old.get("tags") or {}, new.get("tags") or {}
        if removed := sorted(set(before) - set(after)):
            self._invoke(Operation(self._kind.tags[1]), {**new, "tagKeys": removed})
        if after and after != before:
            self._invoke(Operation(self._kind.tags[0]), new)

    def _format(self, template: str, *values: Properties) -> Plain:
        """Fill a template; one that is a single name gives the value itself, a date as text."""
        namespace = _Values(self._aws, *values)
        name = template[1:-1]
        value = namespace[name] if template == f"{{{name}}}" and name.isalnum() else template.format_map(namespace)
        return value.isoformat() if isinstance(value, datetime.datetime) else value

    def _outputs(self, values: Properties, answer: Properties) -> dict[str, Plain]:
        """Return the outputs that properties and an answer give; the others are missing."""
        details = {name: path for name, (operation, path) in self._kind.details.items() if not operation}
        parts = {name: part for name, path in details.items() if (part := jmespath.search(path, answer)) is not None}
        outputs: dict[str, Plain] = {}
        for name, template in self._kind.outputs.items():
            with suppress(KeyError):
                outputs[name] = self._format(template, values, answer, parts, outputs)
        return outputs


class _Values(dict[str, Any]):
    """Values of a template in lower case: the cloud's own, properties, and what the service has answered."""

    def __init__(self, aws: Aws, *values: Properties) -> None:
        sockets = f"ws{aws.endpoint.removeprefix('http')}"
        super().__init__(region=aws.region, endpoint=aws.endpoint, socketendpoint=sockets)
        self._aws = aws
        for properties in values:
            self.update((name.lower(), value) for name, value in properties.items())

    def __missing__(self, name: str) -> Any:
        if name == "account":
            return self._aws.account
        if name.lower() not in self:
            raise KeyError(name)
        return self[name.lower()]


def is_changed(kind: ResourceType, name: str, old: Properties, new: Properties) -> bool:
    """Tell whether an input differs from the state.

    Code is compared by its hash, because the engine sends archives of the state without their content.
    """
    if isinstance(new.get(name), pulumi.Archive):
        return sha256_of(zip_of(new[name])) != old.get("codeSha256")
    before = old.get(name)
    if isinstance(before, Mapping):  # without members that are outputs
        before = {member: value for member, value in before.items() if kind.takes(f"{name}.{member}")}
    return differs(before, new.get(name)) and not (name in kind.computed and name not in new)


def is_gone(error: Exception) -> bool:
    """Tell whether an error says that the resource does not exist."""
    return isinstance(error, GoneError) or (isinstance(error, ClientError) and bool(_GONE.fullmatch(_code(error))))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
