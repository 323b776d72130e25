"""The stand-in provider as a plugin of Pulumi's engine, by the name of the official provider: `aws`."""

import asyncio
import os
import sys
from functools import partial
from importlib.metadata import version
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi import Archive, Asset
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN

from local_provider.aws import Aws
from local_provider.provider import AwsProvider
from local_provider.pulumi_names import ARCHIVE, ASSET, SIGNATURE_KEY

_HASH = "_hash_of_the_engine"
_ARCHIVES = [struct_pb2.Value(string_value=signature) for signature in (ARCHIVE, ASSET)]
_NOWHERE = "http://127.0.0.1:9"
"""The endpoint when the stack's configuration names none: nothing listens there, so that no cloud is touched."""


class Plugin(api.Provider):
    """The stand-in as the SDK's server calls it; each call has a thread."""

    def __init__(self, provider: AwsProvider) -> None:
        for name in ("check", "check_config", "configure", "create", "delete", "diff", "invoke", "read", "update"):
            setattr(self, name, partial(asyncio.to_thread, getattr(provider, name)))


def unconfigured_cloud() -> Aws:
    """Return the cloud of a provider without configuration: nothing listens there; keys come from the environment."""
    key, secret = (os.environ.get(name, "nobody") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return Aws(_NOWHERE, access_key_id=key, secret_access_key=secret)


def _patch_sdk() -> None:
    """Close two gaps of the SDK: it neither sends nor recognises unknown values, and drops the hash of archives.

    The engine compares archives by their hash, and sends archives of the state as a hash without content.
    """
    unmarshal, marshal = PropertyValue.unmarshal, PropertyValue.marshal

    def read(value: Any) -> PropertyValue:
        if value.WhichOneof("kind") == "string_value" and value.string_value == UNKNOWN:
            return PropertyValue.computed()
        fields = value.struct_value.fields if value.WhichOneof("kind") == "struct_value" else {}
        if "hash" not in fields or fields.get(SIGNATURE_KEY) not in _ARCHIVES:
            return unmarshal(value)
        if not {"assets", "path", "text", "uri"} & set(fields):
            return PropertyValue(fields["hash"].string_value)
        content = unmarshal(value)
        vars(content.value)[_HASH] = fields["hash"]
        return content

    def write(value: PropertyValue) -> Any:
        if isinstance(value.value, Computed):
            return struct_pb2.Value(string_value=UNKNOWN)
        written = marshal(value)
        if isinstance(value.value, Asset | Archive) and _HASH in vars(value.value):
            is_wrapped = value.is_secret or value.dependencies
            content = written.struct_value.fields["value"] if is_wrapped else written
            content.struct_value.fields["hash"].CopyFrom(vars(value.value)[_HASH])
        return written

    PropertyValue.unmarshal = staticmethod(read)  # type: ignore[method-assign]
    PropertyValue.marshal = write  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    _patch_sdk()
    server.main(sys.argv[1:], version("pulumi-aws"), Plugin(AwsProvider(unconfigured_cloud())))
