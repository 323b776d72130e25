"""Description of a resource type: which AWS operations create, read, update and delete it, and from which inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_provider.aws import Aws
from local_provider.values import Plain

__all__ = ["Operation", "Operations", "Properties", "ResourceType", "Words", "crud", "put"]

Properties = Mapping[str, Plain]
"""Inputs, or inputs and outputs together, under Pulumi's names."""


class Words(frozenset[str]):
    """A set of names, written as one text: `Words("name tags")`."""

    def __new__(cls, text: str = "") -> "Words":
        """Split the text."""
        return super().__new__(cls, text.split())


@dataclass(frozen=True)
class Operation:
    """An operation of a service, such as `PutRetentionPolicy`.

    Attributes:
        name: the operation's name in botocore's service model; empty when there is none.
        constants: parameters that do not come from properties; texts in them may name properties: `{methodPath}`.
        only: properties that it sets; empty for all that it has parameters for.
        unset: operation that takes its place when the property has no value.
    """

    name: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    unset: str = ""


@dataclass(frozen=True)
class Operations:
    """The operations of a resource type; an update calls those which take an input that has changed."""

    create: Operation
    read: Operation
    delete: Operation
    update: tuple[Operation, ...] = ()


def crud(noun: str, **exceptions: Any) -> Operations:
    """Return the operations `Create...`, `Get...`, `Update...` and `Delete...`, unless others are named."""
    names = {"create": f"Create{noun}", "read": f"Get{noun}", "update": f"Update{noun}", "delete": f"Delete{noun}"}
    operations = {name: _operation(value) for name, value in (names | exceptions).items() if name != "update"}
    updates = exceptions.get("update", names["update"])
    return Operations(**operations, update=tuple(map(_operation, [updates] if isinstance(updates, str) else updates)))


def put(noun: str, **exceptions: Any) -> Operations:
    """Return the operations `Put...`, which creates and updates, `Get...` and `Delete...`, unless others are named."""
    return crud(noun, **{"create": f"Put{noun}", "update": f"Put{noun}", **exceptions})


def _operation(value: str | Operation) -> Operation:
    return Operation(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class ResourceType:
    """A resource type of pulumi-aws.

    An input is sent as the parameter of the same name, whatever its case, or as `names` says. Creating sends all that
    the operation takes; inputs that it does not take are then set by the operations of `update`.

    Attributes:
        type: Pulumi's token of the type.
        service: botocore's name of the service.
        operations: the operations of the service that create, read, update and delete it.
        id: the resource's id, as a template of inputs and of what the service has answered.
        inputs: inputs that take effect on the emulator, as dotted paths without list indexes; of a map the whole.
        inert: inputs that the emulator accepts and ignores -> the reason.
        names: path in the parameters -> path in the properties, where the names differ.
        outputs: outputs beside the inputs -> template.
        replaces: inputs whose change replaces the resource, as with the official provider.
        named_by: input that gets a generated name when the program sets none.
        name_limit: longest generated name.
        computed: inputs that the service chooses when the program sets none: their absence is no change.
        defaults: inputs -> value that is sent when the program sets none.
        cleared: inputs -> value that the service has by itself, which an update sends when the program no longer sets
            them; otherwise an update sends an empty value.
        unread: inputs that the service does not return.
        described_by: JMESPath, with templates, to the resource in the answer of `read`; nothing there means gone.
        partial: inputs of which the service returns more members than the program sets: the others are not compared.
        details: inputs -> operation that returns them (empty: that of `read`) and JMESPath in its answer.
        tags: operations that tag, untag and list tags; the last may be empty when the answer of `read` has the tags.
        tags_after_create: whether the emulator forgets tags of the creating call, so that they are set again.
        patch_paths: inputs -> path in a JSON patch, where that is not the parameter's name.
        patches: builds further JSON patches of an update from old and new properties.
        prepare: derives further properties, which `names` may refer to.
        before_delete: empties the resource as the service demands.
    """

    type: str
    service: str
    operations: Operations
    id: str
    inputs: frozenset[str]
    inert: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    named_by: str | None = None
    name_limit: int = 64
    computed: frozenset[str] = frozenset()
    defaults: Properties = field(default_factory=dict)
    cleared: Properties = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    described_by: str = ""
    details: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tags: tuple[str, str, str] | None = None
    tags_after_create: bool = False
    patch_paths: Mapping[str, str] = field(default_factory=dict)
    patches: Callable[[Properties, Properties], list[dict[str, str]]] | None = None
    prepare: Callable[[Properties], Properties] | None = None
    before_delete: Callable[[Aws, Properties], None] | None = None

    @property
    def top_inputs(self) -> frozenset[str]:
        """Names of the inputs, without the paths below them."""
        return frozenset(path.partition(".")[0] for path in (*self.inputs, *self.inert))
