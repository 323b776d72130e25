"""The stand-in for the official `aws` provider: the same types, inputs and outputs, made on an emulator through boto3.

What it does not know it refuses by name: a resource type, an input that the SDK does not have, one of the wrong type, a
required one that is missing, and one that the SDK has but no stand-in implements. Nothing is ignored silently: what the
emulator accepts and does nothing with is declared by each stand-in (`inert`).
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any, Self

from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue

from local_provider import operations, schema
from local_provider.aws import Aws
from local_provider.lookups import LOOKUPS
from local_provider.resource_type import Properties, ResourceType
from local_provider.resource_types import RESOURCE_TYPES
from local_provider.schema import Problem
from local_provider.values import UNKNOWN, Plain, from_plain, plain_map

__all__ = ["AwsProvider", "UnsupportedError", "configured", "unknown_settings"]

_SETTINGS = frozenset({"accessKey", "defaultTags", "endpoints", "region", "s3UsePathStyle", "secretKey"})
_KINDS = api.PropertyDiffKind


class UnsupportedError(Exception):
    """The stand-in has no such resource type or function."""


class AwsProvider(api.Provider):
    """One configured provider; `aws` is where it works until `configure` says otherwise."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def with_settings(self, settings: Mapping[str, Plain]) -> Self:
        """The same provider, working elsewhere: what a program registers as a provider of its own."""
        other = copy(self)
        other.aws = configured(self.aws, settings)
        return other

    async def check_config(self, request: api.CheckRequest) -> api.CheckResponse:
        """Refuse settings that would be ignored."""
        unknown = unknown_settings(request.new_inputs)
        failures = [api.CheckFailure(name, "is not a setting that the stand-in knows") for name in unknown]
        return api.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        """Take endpoint, region, keys and default tags."""
        self.aws = configured(self.aws, plain_map(request.args))
        return api.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Compare inputs with what is known, and make up a name where none is given."""
        kind = _kind(request.type)
        resource, inputs = _resource(kind), plain_map(request.new_inputs)
        problems = [*schema.check_inputs(kind, _with_name(resource, inputs, "-")), *_not_implemented(resource, inputs)]
        failures = [api.CheckFailure(problem.path, problem.reason) for problem in problems]
        checked = dict(request.new_inputs)
        if not failures and resource.named_by and resource.named_by not in inputs:
            checked[resource.named_by] = request.old_inputs.get(resource.named_by) or PropertyValue(
                _made_up_name(request, resource)
            )
        return api.CheckResponse(inputs=checked, failures=failures)

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Find what changed, and whether that makes a new resource."""
        kind = _kind(request.type)
        resource, old, new = _resource(kind), plain_map(request.old_state), plain_map(request.new_inputs)
        names = (set(old) & schema.input_names(kind) - resource.computed - {"region"}) | set(new)
        changed = sorted(
            name for name in names - set(request.ignore_changes) if operations.is_changed(resource, name, old, new)
        )
        replaces = [name for name in changed if name in resource.replaces]
        return api.DiffResponse(
            changes=bool(changed),
            diffs=changed,
            replaces=replaces,
            delete_before_replace=resource.named_by is not None and resource.named_by not in changed,
            detailed_diff={name: _detail(name, old, new, name in replaces) for name in changed},
        )

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Make a resource."""
        kind, inputs = _kind(request.type), plain_map(request.properties)
        if request.preview:
            return api.CreateResponse(None, request.properties | _unknown_outputs(kind, request.properties))
        made = await asyncio.to_thread(operations.create, self.aws, _resource(kind), self._tagged(kind, inputs))
        outputs = made.outputs | self._common_outputs(kind, inputs)
        return api.CreateResponse(made.id, request.properties | _wire(outputs))

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Change a resource in place."""
        kind, old, new = _kind(request.type), plain_map(request.olds), plain_map(request.news)
        if request.preview:
            kept = {name: value for name, value in request.olds.items() if name not in schema.input_names(kind)}
            return api.UpdateResponse(kept | request.news)
        made = await asyncio.to_thread(
            operations.update,
            self.aws,
            _resource(kind),
            request.resource_id,
            self._tagged(kind, old),
            self._tagged(kind, new),
        )
        return api.UpdateResponse(request.news | _wire(made | self._common_outputs(kind, new)))

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """See what a resource is now; an empty answer says that it is gone."""
        kind, state = _kind(request.type), plain_map(request.properties)
        resource = _resource(kind)
        try:
            seen = await asyncio.to_thread(
                operations.read, self.aws, resource, request.resource_id, self._tagged(kind, state)
            )
        except Exception as error:
            if operations.is_gone(error):
                return api.ReadResponse()
            raise
        if "tags" in seen:
            seen["tags"] = self._own_tags(seen["tags"] or {}, state.get("tags"))
        changed = {name: value for name, value in seen.items() if operations.is_changed(resource, name, state, seen)}
        inputs = {name: value for name, value in changed.items() if name in request.inputs}
        return api.ReadResponse(
            request.resource_id, request.properties | _wire(changed), request.inputs | _wire(inputs)
        )

    async def delete(self, request: api.DeleteRequest) -> None:
        """Remove a resource; one that is gone already is no error."""
        kind, state = _kind(request.type), plain_map(request.properties)
        resource = _resource(kind)
        try:
            await asyncio.to_thread(operations.delete, self.aws, resource, request.resource_id, state)
        except Exception as error:
            if not operations.is_gone(error):
                raise

    async def invoke(self, request: api.InvokeRequest) -> api.InvokeResponse:
        """Look something up."""
        if request.tok not in LOOKUPS:
            raise UnsupportedError(f"The function {request.tok} is not implemented by the stand-in provider.")
        outputs = await asyncio.to_thread(LOOKUPS[request.tok], self.aws, plain_map(request.args))
        return api.InvokeResponse(_wire(outputs))

    def _tagged(self, kind: str, inputs: Properties) -> Properties:
        """The inputs with the provider's default tags beneath their own."""
        if not self.aws.default_tags or "tags" not in schema.input_names(kind):
            return inputs
        return {**inputs, "tags": {**self.aws.default_tags, **(inputs.get("tags") or {})}}

    def _own_tags(self, seen: Mapping[str, str], known: Mapping[str, str] | None) -> dict[str, str]:
        own = known or {}
        defaults = self.aws.default_tags
        return {key: value for key, value in seen.items() if key in own or defaults.get(key) != value}

    def _common_outputs(self, kind: str, inputs: Properties) -> dict[str, Plain]:
        names = schema.output_names(kind)
        tags = self._tagged(kind, inputs).get("tags") or {}
        return {name: value for name, value in {"region": self.aws.region, "tagsAll": tags}.items() if name in names}


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Which of these settings of a provider mean nothing here; to skip checks is all the same."""
    return [name for name in names if not (name in _SETTINGS or name.startswith(("skip", "version")))]


def configured(aws: Aws, settings: Mapping[str, Plain]) -> Aws:
    """The cloud that a provider's settings describe; what they leave out stays as it is.

    Raises:
        UnsupportedError: The endpoints are not one and the same.
    """
    endpoints = _decoded(settings.get("endpoints")) or []
    urls = {url for services in endpoints for url in services.values()}
    if len(urls) > 1:
        raise UnsupportedError(f"The stand-in provider works at one endpoint, not at {', '.join(sorted(urls))}.")
    tags = (_decoded(settings.get("defaultTags")) or {}).get("tags") or aws.default_tags
    return Aws(
        endpoint=urls.pop() if urls else aws.endpoint,
        region=settings.get("region", aws.region),
        access_key_id=settings.get("accessKey", aws.access_key_id),
        secret_access_key=settings.get("secretKey", aws.secret_access_key),
        default_tags=dict(tags),
        service_endpoints=aws.service_endpoints,
    )


def _decoded(value: Plain) -> Any:
    """Structured settings of a provider travel as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _kind(token: str) -> str:
    """The type itself: a URN's type carries those of its parents before a `$`."""
    return token.rsplit("$", 1)[-1]


def _resource(kind: str) -> ResourceType:
    try:
        return RESOURCE_TYPES[kind]
    except KeyError:
        raise UnsupportedError(f"The resource type {kind} is not implemented by the stand-in provider.") from None


def _not_implemented(resource: ResourceType, inputs: Properties) -> Iterator[Problem]:
    """Properties that the SDK knows and no stand-in does anything with."""
    known = resource.inputs | frozenset(resource.inert)
    for path, shown in _paths(inputs, "", "", known):
        if schema.has_input(resource.type, path):
            yield Problem(shown, "is not implemented by the stand-in provider")


def _paths(value: Plain, path: str, shown: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Where a value goes beyond the known paths; `shown` has the indexes of lists."""
    if path in known or value is None:
        return
    inside = [one for one in known if not path or one.startswith(f"{path}.")]
    if not inside:
        yield path, shown
    elif isinstance(value, Mapping):
        for name, item in value.items():
            dot = "." if path else ""
            yield from _paths(item, f"{path}{dot}{name}", f"{shown}{dot}{name}", known)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, path, f"{shown}[{index}]", known)


def _with_name(resource: ResourceType, inputs: Properties, stand_in: str) -> Properties:
    """A name that will be made up counts as given."""
    return {resource.named_by: stand_in, **inputs} if resource.named_by else inputs


def _made_up_name(request: api.CheckRequest, resource: ResourceType) -> str:
    suffix = hashlib.sha256(request.urn.encode() + request.random_seed).hexdigest()[:7]
    return f"{request.name[: resource.name_limit - 8]}-{suffix}"


def _unknown_outputs(kind: str, given: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    return {name: from_plain(UNKNOWN) for name in schema.output_names(kind) if name not in given}


def _wire(outputs: Mapping[str, Plain]) -> dict[str, PropertyValue]:
    return {name: from_plain(value) for name, value in outputs.items()}


def _detail(name: str, old: Mapping[str, Plain], new: Mapping[str, Plain], replaces: bool) -> api.PropertyDiff:
    if name not in old:
        kind = _KINDS.ADD_REPLACE if replaces else _KINDS.ADD
    elif name not in new:
        kind = _KINDS.DELETE_REPLACE if replaces else _KINDS.DELETE
    else:
        kind = _KINDS.UPDATE_REPLACE if replaces else _KINDS.UPDATE
    return api.PropertyDiff(kind, input_diff=True)
