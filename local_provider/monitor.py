"""The engine's side of a program: creates the resources that it registers, and keeps their state."""

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import grpc
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.mocks import MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from local_provider.errors import DeployError
from local_provider.provider import AwsProvider, UnsupportedError
from local_provider.pulumi_names import MockMonitor
from local_provider.values import Plain, plain_map

__all__ = ["Monitor", "Registration"]

T = TypeVar("T")

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


@dataclass(frozen=True)
class _Created:
    provider: AwsProvider
    id: str
    state: dict[str, PropertyValue]
    retain: bool


class Monitor(MockMonitor):  # type: ignore[misc]
    """The SDK's mock monitor, which creates registered resources; it is called from several threads."""

    def __init__(self, provider: AwsProvider, project: str, stack: str) -> None:
        super().__init__(_NoMocks())
        self.registrations: list[Registration] = []
        self.stack_outputs: Any = None
        self.failure: DeployError | None = None
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._default = provider
        self._providers: dict[str, AwsProvider] = {}
        self._created: dict[str, _Created] = {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()

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
        if f"::{_STACK}::" in request.urn:
            self.stack_outputs = request.outputs
        else:
            self._record_outputs(request.urn, plain_map(PropertyValue.unmarshal_map(request.outputs)))
        return super().RegisterResourceOutputs(request)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: N802
        """Refuse to read an existing resource."""
        raise self._failed(f"{request.type} {request.name}: the embedded engine does not read existing resources.")

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802
        """Call a function of the provider; a program may handle its failure."""
        provider = self._provider_of(request.provider)
        args = PropertyValue.unmarshal_map(request.args)
        try:
            answer = _wait(provider.invoke(api.InvokeRequest(request.tok, args)))
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
            created = self._created.get(registration.urn)
            if created is None or created.retain:
                continue
            try:
                _wait(created.provider.delete(api.DeleteRequest(registration.urn, created.id, created.state, 0)))
            except Exception as error:  # reported with other failures, after the rest is deleted
                failures.append(f"{registration.type} {registration.name} was not removed: {_sentence(error)}")
                continue
            del self._created[registration.urn]
        return failures

    def _register(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Any:
        inputs = PropertyValue.unmarshal_map(request.object)
        if not request.custom:
            self._record(Registration(request.type, request.name, request.parent, urn, plain_map(inputs)), None)
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.type == _PROVIDER:
            return self._register_provider(urn, request, inputs)
        provider = self._provider_of(request.provider)
        checked = _wait(provider.check(api.CheckRequest(urn, {}, inputs, secrets.token_bytes(8))))
        _refuse(checked.failures)
        inputs = checked.inputs or {}
        created = _wait(provider.create(api.CreateRequest(urn, inputs, 0, False)))
        resource_id = created.resource_id or ""
        registration = Registration(
            request.type,
            request.name,
            request.parent,
            urn,
            plain_map(inputs),
            resource_id,
            plain_map(created.properties),
        )
        self._record(registration, _Created(provider, resource_id, created.properties, request.retainOnDelete))
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=resource_id, object=PropertyValue.marshal_map(created.properties)
        )

    def _register_provider(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, settings: dict[str, PropertyValue]
    ) -> Any:
        checked = _wait(self._default.check_config(api.CheckRequest(urn, {}, settings, b"")))
        _refuse(checked.failures)
        self._providers[urn] = self._default.with_settings(plain_map(settings))
        provider_id = secrets.token_hex(8)
        provider = Registration(request.type, request.name, request.parent, urn, plain_map(settings), provider_id)
        self._record(provider, None)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=provider_id, object=request.object)

    def _provider_of(self, reference: str) -> AwsProvider:
        return self._providers.get(reference.rpartition("::")[0], self._default)

    def _record(self, registration: Registration, created: _Created | None) -> None:
        with self._lock:
            self.registrations.append(registration)
            if created is not None:
                self._created[registration.urn] = created

    def _record_outputs(self, urn: str, outputs: dict[str, Plain]) -> None:
        with self._lock:
            index = next(i for i, resource in enumerate(self.registrations) if resource.urn == urn)
            self.registrations[index] = replace(self.registrations[index], outputs=outputs)

    def _new_urn(self, parent: str, kind: str, name: str) -> str:
        above = "" if not parent or f"::{_STACK}::" in parent else parent.split("::")[2] + "$"
        urn = f"{self._prefix}{above}{kind}::{name}"
        with self._lock:
            if self.failure is not None:
                raise self.failure  # create nothing more after a failure
            if urn in self._urns:
                raise DeployError(f"{kind} {name}: a resource of this type and name exists already in the stack.")
            self._urns.add(urn)
        return urn

    def _failed(self, sentence: str) -> DeployError:
        error = DeployError(sentence)
        with self._lock:
            self.failure = self.failure or error
        return error


class _InvokeError(grpc.RpcError):  # type: ignore[misc]
    """The failure of a function, as the SDK expects it from an engine."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._sentence = sentence

    def code(self) -> grpc.StatusCode:
        """Return the status that engines answer with."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the provider's message."""
        return self._sentence


class _NoMocks(Mocks):
    """Mocks for the constructor of the mock monitor, which are never called."""

    def call(self, args: Any) -> Any:
        raise NotImplementedError

    def new_resource(self, args: MockResourceArgs) -> Any:
        raise NotImplementedError


def _wait(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def _refuse(failures: list[api.CheckFailure] | None) -> None:
    if failures:
        raise ValueError("; ".join(f"input {failure.property} {failure.reason}" for failure in failures))


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
