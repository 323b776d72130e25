"""The engine's side of a program: creates the resources that it registers, and keeps their state."""

import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

from local_provider.errors import DeployError, UnsupportedError
from local_provider.provider import AwsProvider
from local_provider.values import Plain, plain_map

__all__ = ["Monitor", "Registration"]

_STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class Registration:
    """A registered resource: a custom resource with its id, or a component."""

    type: str
    name: str
    parent: str
    """The parent's URN."""
    urn: str
    inputs: dict[str, Plain]
    id: str = ""
    outputs: dict[str, Plain] = field(default_factory=dict)
    """Inputs and outputs together; of a component its registered outputs."""


class Monitor(MockMonitor):
    """The SDK's mock monitor, which creates registered resources; it is called from several threads."""

    def __init__(self, provider: AwsProvider, project: str, stack: str) -> None:
        super().__init__(mocks=None)  # type: ignore[arg-type]  # what calls them is replaced
        self.stack_outputs: Any = None
        self.failure: DeployError | None = None
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._default = provider
        self._providers: dict[str, AwsProvider] = {}
        self._registrations: dict[str, Registration | None] = {}
        self._deletions: dict[str, tuple[AwsProvider, api.DeleteRequest]] = {}
        self._lock = threading.Lock()

    @property
    def registrations(self) -> list[Registration]:
        """The registered resources in the order of their creation."""
        with self._lock:
            return [registration for registration in self._registrations.values() if registration]

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802 - the SDK's name
        """Create a resource, or record a component."""
        urn = self._new_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        try:
            return self._register(urn, request)
        except Exception as error:
            raise self._failed(f"{request.type} {request.name}: {_sentence(error)}") from error

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802
        """Record the outputs of the stack or of a component."""
        registration = self._registrations[request.urn]
        if registration is None:
            self.stack_outputs = request.outputs
        else:
            outputs = plain_map(PropertyValue.unmarshal_map(request.outputs))
            with self._lock:
                self._registrations[request.urn] = replace(registration, outputs=outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: N802
        """Refuse to read an existing resource."""
        raise self._failed(f"{request.type} {request.name}: the embedded engine does not read existing resources.")

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802
        """Call a function of the provider; a program may handle its failure."""
        args = PropertyValue.unmarshal_map(request.args)
        try:
            answer = self._provider_of(request.provider).invoke(api.InvokeRequest(request.tok, args))
        except UnsupportedError as error:
            raise self._failed(f"{request.tok}: {_sentence(error)}") from error
        except Exception as error:
            raise _InvokeError(_sentence(error)) from error
        outputs = PropertyValue.marshal_map(answer.return_value or {})
        return resource_pb2.ResourceInvokeResponse(**{"return": outputs})

    def destroy(self) -> list[str]:
        """Delete the created resources in reverse order; return a sentence for each failure."""
        failures = []
        for registration in reversed(self.registrations):
            if registration.urn not in self._deletions:
                continue
            provider, request = self._deletions[registration.urn]
            try:
                provider.delete(request)
            except Exception as error:  # reported with other failures, after the rest is deleted
                failures.append(f"{registration.type} {registration.name} was not removed: {_sentence(error)}")
            else:
                del self._deletions[registration.urn]
        return failures

    def _register(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Any:
        inputs = PropertyValue.unmarshal_map(request.object)
        registration = Registration(request.type, request.name, request.parent, urn, plain_map(inputs))
        outputs = request.object
        if request.type == _PROVIDER:
            _checked(self._default.check_config(api.CheckRequest(urn, {}, inputs, b"")))
            self._providers[urn] = self._default.with_settings(registration.inputs)
            registration = replace(registration, id=secrets.token_hex(8))
        elif request.custom:
            registration, state = self._create(registration, inputs, request)
            outputs = PropertyValue.marshal_map(state)
        with self._lock:
            self._registrations.pop(urn)  # the order is that of creation
            self._registrations[urn] = registration
        return resource_pb2.RegisterResourceResponse(urn=urn, id=registration.id, object=outputs)

    def _create(
        self,
        registration: Registration,
        inputs: dict[str, PropertyValue],
        request: resource_pb2.RegisterResourceRequest,
    ) -> tuple[Registration, dict[str, PropertyValue]]:
        """Create a custom resource; return its registration and its outputs."""
        provider, urn = self._provider_of(request.provider), registration.urn
        check = api.CheckRequest(urn, {}, inputs, secrets.token_bytes(8))
        inputs = _checked(provider.check(check))
        created = provider.create(api.CreateRequest(urn, inputs, 0, False))
        resource_id, state = created.resource_id or "", created.properties
        if not request.retainOnDelete:
            self._deletions[urn] = provider, api.DeleteRequest(urn, resource_id, state, 0)
        return replace(registration, inputs=plain_map(inputs), id=resource_id, outputs=plain_map(state)), state

    def _provider_of(self, reference: str) -> AwsProvider:
        return self._providers.get(reference.rpartition("::")[0], self._default)

    def _new_urn(self, parent: str, kind: str, name: str) -> str:
        above = "" if not parent or f"::{_STACK}::" in parent else parent.split("::")[2] + "$"
        urn = f"{self._prefix}{above}{kind}::{name}"
        with self._lock:
            if self.failure is not None:
                raise self.failure  # create nothing more after a failure
            if urn in self._registrations:
                raise DeployError(f"{kind} {name}: a resource of this type and name exists already in the stack.")
            self._registrations[urn] = None
        return urn

    def _failed(self, sentence: str) -> DeployError:
        error = DeployError(sentence)
        with self._lock:
            self.failure = self.failure or error
        return error


class _InvokeError(grpc.RpcError):  # type: ignore[misc]
    """The failure of a function, as the SDK expects it from an engine."""

    def code(self) -> grpc.StatusCode:
        """Return the status that engines answer with."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the provider's message."""
        return str(self)


def _checked(checked: api.CheckResponse) -> dict[str, PropertyValue]:
    """Return the inputs of a check.

    Raises:
        ValueError: some were refused.
    """
    if checked.failures:
        raise ValueError("; ".join(f"input {failure.property} {failure.reason}" for failure in checked.failures))
    return checked.inputs or {}


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
