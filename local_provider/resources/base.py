"""What a stand-in for one resource type says about itself and does."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from botocore.exceptions import ClientError

from local_provider.aws import Aws
from local_provider.values import Plain

__all__ = ["Gone", "Inputs", "Made", "Resource", "Setting", "State", "as_inputs", "given", "renamed", "same_document"]

Inputs = Mapping[str, Plain]
State = Mapping[str, Plain]
"""A resource's inputs and outputs together, as the engine keeps them."""


_EMPTY: tuple[Plain, ...] = (None, "", [], {})


class Gone(Exception):  # noqa: N818 - a fact, not a failure
    """What was looked for does not exist; raised where the service itself does not say so."""


class Made(NamedTuple):
    """A resource that was made: its id and its outputs beside its inputs."""

    id: str
    outputs: dict[str, Plain]


class Resource(ABC):
    """One resource type.

    Attributes:
        type: its token.
        implements: inputs that take effect, as dotted paths without indexes; of a map the path of the whole.
        inert: inputs that are accepted and do nothing on the emulator -> why.
        replaces: inputs (top level) whose change makes a new resource, as with the official provider.
        named_by: the input that is made up from the logical name when it is not given, or None.
        computed: inputs that the service makes up when they are not given: their absence is no change.
        gone: error codes that say that it does not exist.
    """

    type: ClassVar[str]
    implements: ClassVar[frozenset[str]]
    inert: ClassVar[Mapping[str, str]] = {}
    replaces: ClassVar[frozenset[str]] = frozenset()
    named_by: ClassVar[str | None] = None
    name_limit: ClassVar[int] = 64
    computed: ClassVar[frozenset[str]] = frozenset({"region"})
    gone: ClassVar[frozenset[str]] = frozenset({"NotFoundException", "ResourceNotFoundException", "NoSuchEntity"})

    @abstractmethod
    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""

    @abstractmethod
    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Change it in place; return its outputs."""

    @abstractmethod
    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it; that it does not exist is for the caller to forgive (`is_gone`)."""

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002 - for those that look
        """What it is now: inputs and outputs that can be seen, merged by the caller over the known state."""
        return {}

    def changed(self, name: str, old: State, new: Inputs) -> bool:
        """Tell whether an input differs from the state; nothing and something empty are the same."""
        before, after = old.get(name), new.get(name)
        return before != after and not (before in _EMPTY and after in _EMPTY)

    def is_gone(self, error: Exception) -> bool:
        """Tell whether an error says that the resource does not exist."""
        return isinstance(error, Gone) or (isinstance(error, ClientError) and _code(error) in self.gone)


class Setting(Resource):
    """A resource that is one put: making and changing it are the same call."""

    @abstractmethod
    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        return self.put(aws, inputs)

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Set it again."""
        return self.put(aws, new).outputs


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that are not None: an input that was left out is left out of the call too."""
    return {name: value for name, value in arguments.items() if value is not None}


def renamed(value: Plain) -> Plain:
    """Nested inputs with the names that the API gives them: `retentionDays` -> `RetentionDays`."""
    if isinstance(value, Mapping):
        return {key[0].upper() + key[1:]: renamed(item) for key, item in value.items()}
    return [renamed(item) for item in value] if isinstance(value, list) else value


def as_inputs(value: Plain) -> Plain:
    """The other way round: `RetentionDays` -> `retentionDays`."""
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: as_inputs(item) for key, item in value.items()}
    return [as_inputs(item) for item in value] if isinstance(value, list) else value


def same_document(known: Plain, found: str) -> str:
    """A JSON document that was found, in the program's own spelling as long as it says the same."""
    return known if isinstance(known, str) and json.loads(known) == json.loads(found) else found
