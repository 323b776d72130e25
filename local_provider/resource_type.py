"""Description of a resource type: which AWS operations create, read, update and delete it, and from which inputs."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local_provider.aws import Aws
from local_provider.values import Plain

Properties = Mapping[str, Plain]
"""Inputs, or inputs and outputs together, under Pulumi's names."""
_TAGGING = {
    "apigateway": ("TagResource", "UntagResource", "GetTags"),
    "apigatewayv2": ("TagResource", "UntagResource", "GetTags"),
    "dynamodb": ("TagResource", "UntagResource", "ListTagsOfResource"),
    "iam": ("TagRole", "UntagRole", "ListRoleTags"),
    "lambda": ("TagResource", "UntagResource", ""),
    "s3": None,
    "sqs": ("TagQueue", "UntagQueue", "ListQueueTags"),
}
"""Operations that tag, untag and list tags, where they have other names than in most services."""
_SETS = frozenset({"computed", "partial", "unread", "unversioned", "version_outputs"})


@dataclass(frozen=True)
class Operation:
    """An operation of a service, such as `PutRetentionPolicy`.

    Attributes:
        name: the operation's name in botocore's service model.
        constants: parameters that do not come from properties; texts in them may name properties: `{methodPath}`.
        only: properties that it sets; empty for all that it has parameters for.
        unset: operation that takes its place when the property has no value.
    """

    name: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    unset: str = ""


@dataclass(frozen=True)
class ResourceType:
    """A resource type of pulumi-aws.

    An input is sent as the parameter of the same name, whatever its case, or as `names` says. `restApiId` takes the
    input `restApi`, and in a REST API its id; `RoleName` takes `role`, and in a role `name`. Creating sends all that
    the operation takes; inputs that it does not take are then set by the operations of `update`, of which an update
    calls those that take an input that has changed.

    Attributes:
        type: Pulumi's token of the type.
        inputs: inputs that take effect on the emulator, as dotted paths without list indexes, of a map the whole; a
            change of one with `!` replaces the resource, as with the official provider.
        id: the resource's id, as a template of inputs and of what the service has answered.
        service: botocore's name of the service.
        inert: inputs that the emulator accepts and ignores -> the reason; written like `inputs`.
        names: path in the parameters -> path in the properties, where the rules above do not give it.
        outputs: outputs beside the inputs -> template; one may refer to an output before it.
        named_by: input that gets a generated name when the program sets none.
        computed: inputs that the service chooses when the program sets none: their absence is no change.
        defaults: inputs -> value that is sent when the program sets none.
        cleared: inputs -> value that the service has by itself, which an update sends when the program no longer sets
            them; otherwise an update sends an empty value.
        unread: inputs that the service does not return.
        described_by: JMESPath, with templates, to the resource in the answer of `read`; nothing there means gone.
        partial: inputs of which the service returns more members than the program sets: the others are not compared.
        details: inputs, or what outputs refer to -> operation that returns them (empty: that of `read`) and JMESPath in
            its answer; of an input, a plain name is also the path in a JSON patch.
        tags_after_create: whether the emulator forgets tags of the creating call, so that they are set again.
        patches: builds further JSON patches of an update from old and new properties.
        prepare: derives further properties, which `names` may refer to.
        publish: operation that stores a version of the resource, where its input `publish` is true.
        version_outputs: outputs that a new version changes.
        unversioned: inputs that no version holds, so that their change stores none.
        before_delete: empties the resource as the service demands.
    """

    type: str
    inputs: str
    id: str
    service: str
    create: Operation
    read: Operation
    update: tuple[Operation, ...]
    delete: Operation
    inert: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    named_by: str = "name"
    computed: frozenset[str] = frozenset()
    defaults: Properties = field(default_factory=dict)
    cleared: Properties = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    described_by: str = ""
    details: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tags_after_create: bool = False
    patches: Callable[[Properties, Properties], list[dict[str, str]]] | None = None
    prepare: Callable[[Properties], Properties] | None = None
    publish: Operation | None = None
    version_outputs: frozenset[str] = frozenset()
    unversioned: frozenset[str] = frozenset()
    before_delete: Callable[[Aws, Properties], None] | None = None

    @cached_property
    def inert_paths(self) -> frozenset[str]:
        """Paths of the inputs that the emulator ignores."""
        return frozenset(" ".join(self.inert).replace("!", "").split())

    @cached_property
    def paths(self) -> frozenset[str]:
        """Paths of all inputs."""
        return frozenset(self.inputs.replace("!", "").split()) | self.inert_paths

    @cached_property
    def top_inputs(self) -> frozenset[str]:
        """Names of the inputs, without the paths below them."""
        return frozenset(path.partition(".")[0] for path in self.paths)

    @cached_property
    def replaces(self) -> frozenset[str]:
        """Names of the inputs whose change replaces the resource."""
        marked = [path for path in " ".join([self.inputs, *self.inert]).split() if path.endswith("!")]
        return frozenset(path.rstrip("!").partition(".")[0] for path in marked)

    @property
    def tags(self) -> tuple[str, str, str] | None:
        """Operations that tag, untag and list tags; an empty one means that the answer of `read` has the tags."""
        usual = ("TagResource", "UntagResource", "ListTagsForResource")
        return _TAGGING.get(self.service, usual) if "tags" in self.paths else None

    def publishes(self, changed: Iterable[str], new: Properties) -> bool:
        """Tell whether the change of these inputs stores a version."""
        return self.publish is not None and bool(new.get("publish")) and bool(set(changed) - self.unversioned)

    def takes(self, path: str) -> bool:
        """Tell whether a path, one above or one below it is an input of the stand-in."""
        return any(f"{path}.".startswith(f"{other}.") or other.startswith(f"{path}.") for other in self.paths)

    def sources(self, parameters: Iterable[str]) -> dict[str, str]:
        """Return path in the parameters -> path in the properties that it is filled from."""
        named = {path: source for path, source in self.names.items() if path.partition(".")[0] in parameters}
        by_name = {parameter: self._source(parameter) for parameter in parameters if parameter not in named}
        return {parameter: source for parameter, source in by_name.items() if source} | named

    def inputs_in(self, parameters: Iterable[str]) -> frozenset[str]:
        """Return the inputs that are sent in parameters, such as `RoleName`."""
        return frozenset(source.partition(".")[0] for source in self.sources(parameters).values())

    def _source(self, parameter: str) -> str | None:
        """Return the property that a parameter takes by its name, or None."""
        inputs = {name.lower(): name for name in (*self.top_inputs, "tagKeys")} | {"resourcearn": "arn"}
        if parameter.lower() in inputs:
            return inputs[parameter.lower()]
        for suffix, default in {"Id": "id", "Url": "id", "Arn": "id", "Name": "name"}.items():
            stem = parameter.removesuffix(suffix).lower()
            if stem not in ("", parameter.lower()) and (stem in inputs or self.type.lower().endswith(stem)):
                return inputs.get(stem, default)
        return None


def from_record(token: str, inputs: str, **fields: Any) -> ResourceType:
    """Return the resource type of a record.

    Args:
        token: Pulumi's token of the type.
        inputs: as in the resource type.
        fields: other fields; of several names in one text. Without `create`, that is `Create...` with the name of the
            type; without `read`, `update` and `delete`, these are `Get...`, `Update...` and `Delete...` with the name
            in `create`, but an operation other than `Create...` updates, too. Without an id, the id is that of API
            Gateway's answer, and with other services the first input.
    """
    package, name = re.findall(r"aws:(\w+)/.*:(\w+)", token)[0]
    create = fields.pop("create", f"Create{name}")
    noun = re.sub("^[A-Z][a-z]+", "", create)
    operations = {"create": create, "read": f"Get{noun}", "delete": f"Delete{noun}", **fields}
    for step in {"create", "read", "delete", "publish"} & operations.keys():
        fields[step] = _operation(operations[step])
    updates = fields.pop("update", [f"Update{noun}" if create == f"Create{noun}" else create])
    fields["update"] = tuple(_operation(value) for value in updates)
    fields |= {name: frozenset(fields[name].split()) for name in _SETS & fields.keys()}
    ids = {"apigateway": "{id}", "apigatewayv2": f"{{{name}Id}}"}
    defaults = {"service": package, "id": ids.get(package) or f"{{{re.split('[! ]', inputs)[0]}}}"}
    return ResourceType(token, inputs, **{**defaults, **fields})


def _operation(value: str | Mapping[str, Any]) -> Operation:
    """Return the operation of a record: its name, or its fields."""
    fields = {"name": value} if isinstance(value, str) else value
    return Operation(**{**fields, "only": frozenset(fields.get("only", "").split())})
