"""Stand-in for the official `aws` provider: the same types, inputs and outputs, on an emulator through boto3.

It refuses by name what it does not implement: resource types, functions, provider settings and inputs. Inputs that the
emulator accepts and ignores are listed in the resource type (`inert`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Self

from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue

from local_provider import schema
from local_provider.aws import Aws
from local_provider.errors import UnsupportedError
from local_provider.lookups import LOOKUPS
from local_provider.operations import ResourceClient, is_changed, is_gone
from local_provider.resource_type import Properties, ResourceType
from local_provider.resource_types import RESOURCE_TYPES
from local_provider.values import UNKNOWN, Plain, plain_map, property_values

_SETTINGS = frozenset({"accessKey", "defaultTags", "endpoints", "region", "s3UsePathStyle", "secretKey"})
_NAME_LIMIT = 63
"""Longest generated name: the limit of buckets, which is the lowest of all services."""


class AwsProvider:
    """A configured provider; `aws` is the cloud of its resources.

    The methods are those of the SDK's `Provider`, which are async: `plugin.Plugin` runs them in threads.
    """

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def with_settings(self, settings: Mapping[str, Plain]) -> Self:
        """Return a copy with other settings, such as those of an explicit provider of a program."""
        provider = copy(self)
        provider.aws = configured(self.aws, settings)
        return provider

    def check_config(self, request: api.CheckRequest) -> api.CheckResponse:
        """Refuse settings that would be ignored."""
        unknown = unknown_settings(request.new_inputs)
        failures = [api.CheckFailure(name, "is not a setting that the stand-in knows") for name in unknown]
        return api.CheckResponse(inputs=request.new_inputs, failures=failures)

    def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        """Set endpoint, region, keys and default tags."""
        self.aws = configured(self.aws, plain_map(request.args))
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=True)

    def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Check inputs against the SDK and the resource type, and generate a missing name."""
        kind, checked = _resource_type(request.type), dict(request.new_inputs)
        if kind.named_by in kind.paths - plain_map(checked).keys():
            checked[kind.named_by] = request.old_inputs.get(kind.named_by) or PropertyValue(_generated_name(request))
        failures = schema.check_inputs(kind.type, plain_map(checked), kind.takes)
        return api.CheckResponse(inputs=dict(request.new_inputs) if failures else checked, failures=failures)

    def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Compare inputs with the state, and tell which changes replace the resource."""
        kind, old, new = _resource_type(request.type), plain_map(request.old_state), plain_map(request.new_inputs)
        names = (old.keys() & schema.input_types(kind.type).keys() - kind.computed - {"region"}) | set(new)
        changed = sorted(name for name in names - set(request.ignore_changes) if is_changed(kind, name, old, new))
        replaces = [name for name in changed if name in kind.replaces]
        return api.DiffResponse(
            changes=bool(changed),
            diffs=changed,
            replaces=replaces,
            delete_before_replace=kind.named_by in kind.paths and kind.named_by not in changed,
            detailed_diff={name: _property_diff(name, old, new, name in replaces) for name in changed},
        )

    def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Create a resource, or preview its creation."""
        kind, inputs = _resource_type(request.type), plain_map(request.properties)
        if request.preview:
            outputs = dict.fromkeys(schema.output_names(kind.type) - request.properties.keys(), UNKNOWN)
            return api.CreateResponse(None, request.properties | property_values(outputs))
        tagged = self._tagged(kind, inputs)
        resource_id, outputs = ResourceClient(self.aws, kind).create(tagged)
        outputs |= self._common_outputs(kind, inputs)
        return api.CreateResponse(resource_id, request.properties | property_values(outputs))

    def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Update a resource in place, or preview the update."""
        kind, new = _resource_type(request.type), plain_map(request.news)
        if request.preview:
            inputs = schema.input_types(kind.type)
            outputs = {name: value for name, value in request.olds.items() if name not in inputs}
            return api.UpdateResponse(outputs | _unknown_outputs(kind, plain_map(request.olds), new) | request.news)
        states = (self._tagged(kind, plain_map(request.olds)), self._tagged(kind, new))
        outputs = ResourceClient(self.aws, kind).update(request.resource_id, *states)
        return api.UpdateResponse(request.news | property_values(outputs | self._common_outputs(kind, new)))

    def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Read a resource's state; the response is empty when the resource does not exist."""
        kind, state = _resource_type(request.type), plain_map(request.properties)
        client = ResourceClient(self.aws, kind)
        try:
            current = client.read(request.resource_id, self._tagged(kind, state))
        except Exception as error:
            if is_gone(error):
                return api.ReadResponse()
            raise
        if "tags" in current:
            tags, input_tags, defaults = current["tags"] or {}, state.get("tags") or {}, self.aws.default_tags
            current["tags"] = {key: tag for key, tag in tags.items() if key in input_tags or defaults.get(key) != tag}
        changed = {name: value for name, value in current.items() if is_changed(kind, name, state, current)}
        state_values = request.properties | property_values(changed)
        inputs = {name: value for name, value in changed.items() if name in request.inputs}
        return api.ReadResponse(request.resource_id, state_values, request.inputs | property_values(inputs))

    def delete(self, request: api.DeleteRequest) -> None:
        """Delete a resource, if it exists."""
        client, state = ResourceClient(self.aws, _resource_type(request.type)), plain_map(request.properties)
        try:
            client.delete(request.resource_id, state)
        except Exception as error:
            if not is_gone(error):
                raise

    def invoke(self, request: api.InvokeRequest) -> api.InvokeResponse:
        """Call a function of the provider."""
        if request.tok not in LOOKUPS:
            raise UnsupportedError(f"The function {request.tok} is not implemented by the stand-in provider.")
        outputs = LOOKUPS[request.tok](self.aws, plain_map(request.args))
        return api.InvokeResponse(property_values(outputs))

    def _tagged(self, kind: ResourceType, inputs: Properties) -> Properties:
        """Return the inputs with the provider's default tags below their own."""
        if not self.aws.default_tags or "tags" not in schema.input_types(kind.type):
            return inputs
        return {**inputs, "tags": {**self.aws.default_tags, **(inputs.get("tags") or {})}}

    def _common_outputs(self, kind: ResourceType, inputs: Properties) -> dict[str, Plain]:
        outputs = {"region": self.aws.region, "tagsAll": self._tagged(kind, inputs).get("tags") or {}}
        return {name: value for name, value in outputs.items() if name in schema.output_names(kind.type)}


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return the provider settings that the stand-in does not support; those that skip checks need no support."""
    return [name for name in names if not (name in _SETTINGS or name.startswith(("skip", "version")))]


def configured(aws: Aws, settings: Mapping[str, Plain]) -> Aws:
    """Return the cloud with a provider's settings, others as before; raise UnsupportedError for several endpoints."""
    endpoints = _decoded(settings.get("endpoints")) or []
    urls = {url for services in endpoints for url in services.values()}
    if len(urls) > 1:
        raise UnsupportedError(f"The stand-in provider works at one endpoint, not at {', '.join(sorted(urls))}.")
    tags = (_decoded(settings.get("defaultTags")) or {}).get("tags") or aws.default_tags
    names = {"region": "region", "access_key_id": "accessKey", "secret_access_key": "secretKey"}
    values = {field: settings[name] for field, name in names.items() if name in settings}
    return replace(aws, endpoint=urls.pop() if urls else aws.endpoint, default_tags=dict(tags), **values)


def _decoded(value: Plain) -> Any:
    """Return a structured setting, which the engine sends as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _resource_type(token: str) -> ResourceType:
    """Return the resource type of a token; in a URN, the types of its parents come before a `$`."""
    token = token.rsplit("$", 1)[-1]
    if token not in RESOURCE_TYPES:
        raise UnsupportedError(f"The resource type {token} is not implemented by the stand-in provider.")
    return RESOURCE_TYPES[token]


def _unknown_outputs(kind: ResourceType, old: Properties, new: Properties) -> dict[str, PropertyValue]:
    """Return the outputs that an update will change, which a preview does not know."""
    changed = [name for name in kind.top_inputs if is_changed(kind, name, old, new)]
    return property_values(dict.fromkeys(kind.version_outputs if kind.publishes(changed, new) else (), UNKNOWN))


def _generated_name(request: api.CheckRequest) -> str:
    suffix = hashlib.sha256(request.urn.encode() + request.random_seed).hexdigest()[:7]
    return f"{request.name[: _NAME_LIMIT - 8]}-{suffix}"


def _property_diff(name: str, old: Properties, new: Properties, replaces: bool) -> api.PropertyDiff:
    change = "ADD" if name not in old else "DELETE" if name not in new else "UPDATE"
    return api.PropertyDiff(getattr(api.PropertyDiffKind, f"{change}_REPLACE" if replaces else change), input_diff=True)
