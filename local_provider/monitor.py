"""The engine's side of a program: creates the resources that it registers, and keeps their state."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import provider_pb2, resource_pb2

from local_provider.errors import DeployError, UnsupportedError
from local_provider.provider import AwsProvider
from local_provider.values import Plain, plain_map, property_values

_STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:aws"


class Change(StrEnum):
    """A change of a resource by a deployment."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True)
class Registration:
    """A registered resource: a custom resource with its id, or a component."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Plain]
    id: str = ""
    outputs: dict[str, Plain] = field(default_factory=dict)
    """Inputs and outputs together; of a component its registered outputs."""


class Monitor(MockMonitor):
    """The SDK's mock monitor, which creates or updates registered resources; it is called from several threads.

    Attributes:
        stack_outputs: the outputs of the stack; secrets in clear.
        failure: the first failure, after which nothing more is created.
        registrations: URN -> resource, in the order of their creation.
        changes: URN -> change, of resources that this deployment has changed.
    """

    def __init__(self, provider: AwsProvider, previous: "Monitor | None" = None) -> None:
        super().__init__(mocks=None)  # type: ignore[arg-type]  # what calls them is replaced
        self.stack_outputs: dict[str, Plain] = {}
        self.failure: DeployError | None = None
        self.registrations: dict[str, Registration] = {}
        self.changes: dict[str, Change] = {}
        self._default = provider
        self._providers: dict[str, AwsProvider] = {}
        self._previous: Mapping[str, Registration] = previous.remaining if previous else {}
        self._to_delete: dict[str, AwsProvider] = dict(previous._to_delete) if previous else {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    @property
    def remaining(self) -> dict[str, Registration]:
        """Resources of this deployment, and after a failure those of the previous one, that are not deleted."""
        resources = {**self._previous, **self.registrations}
        return {urn: resource for urn, resource in resources.items() if self.changes.get(urn) is not Change.DELETED}

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802 - the SDK's name
        """Create a resource, or record a component."""
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if self.failure is not None:
                raise self.failure
            is_duplicate = urn in self._urns
            self._urns.add(urn)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        try:
            if is_duplicate:
                raise ValueError("a resource of this type and name exists already in the stack.")
            registration = self._register(urn, request)
        except Exception as error:
            raise self._failed(f"{request.type} {request.name}", error) from error
        outputs = PropertyValue.marshal_map(property_values(registration.outputs)) if request.custom else request.object
        return resource_pb2.RegisterResourceResponse(urn=urn, id=registration.id, object=outputs)

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802
        """Record the outputs of the stack or of a component."""
        outputs = plain_map(PropertyValue.unmarshal_map(request.outputs))
        if request.urn in self.registrations:
            self.registrations[request.urn] = replace(self.registrations[request.urn], outputs=outputs)
        else:
            self.stack_outputs = outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: N802
        """Refuse to read an existing resource."""
        error = UnsupportedError("the embedded engine does not read existing resources.")
        raise self._failed(f"{request.type} {request.name}", error)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802
        """Call a function of the provider; a program may handle its failure."""
        args = PropertyValue.unmarshal_map(request.args)
        try:
            answer = self._provider_of(request.provider).invoke(api.InvokeRequest(request.tok, args))
        except UnsupportedError as error:
            raise self._failed(request.tok, error) from error
        except Exception as error:  # the SDK raises it in the program
            failure = provider_pb2.CheckFailure(property=", ".join(args), reason=_sentence(error))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        outputs = PropertyValue.marshal_map(answer.return_value or {})
        return resource_pb2.ResourceInvokeResponse(**{"return": outputs})

    def destroy(self) -> list[str]:
        """Delete the created resources in reverse order; return a sentence for each failure."""
        return self._delete(list(self._to_delete))

    def delete_unregistered(self) -> list[str]:
        """Delete resources of the previous deployment that the program has no more; return a sentence per failure."""
        return self._delete([urn for urn in self._to_delete if urn not in self.registrations])

    def _delete(self, urns: list[str]) -> list[str]:
        failures = []
        for urn in reversed(urns):
            resource, provider = self.registrations.get(urn) or self._previous[urn], self._to_delete[urn]
            try:
                provider.delete(api.DeleteRequest(urn, resource.id, property_values(resource.outputs), 0))
            except Exception as error:  # reported with other failures, after the rest is deleted
                failures.append(f"{resource.type} {resource.name} was not removed: {_sentence(error)}")
            else:
                del self._to_delete[urn]
                self.changes[urn] = Change.DELETED
        return failures

    def _register(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Registration:
        inputs = PropertyValue.unmarshal_map(request.object)
        registration = Registration(request.type, request.name, urn, plain_map(inputs))
        provider = self._provider_of(request.provider)
        if request.type == _PROVIDER:
            _checked(self._default.check_config(api.CheckRequest(urn, {}, inputs, b"")))
            self._providers[urn] = self._default.with_settings(registration.inputs)
            registration = replace(registration, id=secrets.token_hex(8), outputs=registration.inputs)
        elif request.custom:
            registration = self._create_or_update(registration, provider, inputs)
        with self._lock:
            self.registrations[urn] = registration
            if registration.id and request.type != _PROVIDER and not request.retainOnDelete:
                self._to_delete[urn] = provider
        return registration

    def _create_or_update(
        self, registration: Registration, provider: AwsProvider, inputs: dict[str, PropertyValue]
    ) -> Registration:
        urn, old = registration.urn, self._previous.get(registration.urn)
        old_inputs = property_values(old.inputs) if old else {}
        inputs = _checked(provider.check(api.CheckRequest(urn, old_inputs, inputs, secrets.token_bytes(8))))
        registration = replace(registration, inputs=plain_map(inputs))
        if old is None:
            created = provider.create(api.CreateRequest(urn, inputs, 0, False))
            self.changes[urn] = Change.CREATED
            return replace(registration, id=created.resource_id or "", outputs=plain_map(created.properties))
        state = property_values(old.outputs)
        diff = provider.diff(api.DiffRequest(urn, old.id, state, inputs, []))
        if diff.replaces:
            names = ", ".join(diff.replaces)
            raise UnsupportedError(f"the embedded engine does not replace resources: {names} changed.")
        if not diff.changes:
            return replace(registration, id=old.id, outputs=old.outputs)
        updated = provider.update(api.UpdateRequest(urn, old.id, state, inputs, 0, [], False))
        self.changes[urn] = Change.UPDATED
        return replace(registration, id=old.id, outputs=plain_map(updated.properties or {}))

    def _provider_of(self, reference: str) -> AwsProvider:
        return self._providers.get(reference.rpartition("::")[0], self._default)

    def _failed(self, place: str, cause: Exception) -> DeployError:
        error = DeployError(f"{place}: {_sentence(cause)}")
        with self._lock:
            self.failure = self.failure or error
        return error


def _checked(checked: api.CheckResponse) -> dict[str, PropertyValue]:
    """Return the inputs of a check; raise ValueError if some were refused."""
    if checked.failures:
        raise ValueError("; ".join(f"input {failure.property} {failure.reason}" for failure in checked.failures))
    return checked.inputs or {}


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
