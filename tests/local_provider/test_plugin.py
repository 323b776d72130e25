"""Archives between the engine and the stand-in keep their hash, which the engine compares."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

from local_provider import plugin, pulumi_names

from .conftest import PaperProvider

HASH = "0123abcd"


@pytest.fixture(autouse=True)
def _mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patch the SDK during a test, as the plugin does in its process."""
    for name in ("marshal", "unmarshal"):
        monkeypatch.setattr(PropertyValue, name, vars(PropertyValue)[name])
    plugin._patch_sdk()


def archive() -> Any:
    """An archive with a text, as the engine sends it."""
    value = PropertyValue(pulumi.AssetArchive({"origins.json": pulumi.StringAsset("{}")})).marshal()
    value.struct_value.fields["hash"].string_value = HASH
    return value


def secret(inner: Any) -> Any:
    """A secret, as the engine sends it."""
    value = struct_pb2.Value()
    value.struct_value.fields[pulumi_names.SIGNATURE_KEY].string_value = rpc._special_secret_sig
    value.struct_value.fields["value"].CopyFrom(inner)
    return value


@pytest.mark.parametrize("wrap", [lambda value: value, secret], ids=["plain", "secret"])
def test_an_archive_comes_back_as_it_was_sent(wrap: Any) -> None:
    """A secret archive is in a wrapper, and the hash belongs to its content."""
    sent = wrap(archive())
    assert PropertyValue.unmarshal(sent).marshal() == sent


@pytest.mark.parametrize("wrap", [lambda value: value, secret], ids=["plain", "secret"])
def test_an_archive_without_content_is_read_as_its_hash(wrap: Any) -> None:
    """The engine sends an archive of the state like this."""
    stripped = archive()
    del stripped.struct_value.fields["assets"]
    assert PropertyValue.unmarshal(wrap(stripped)).value == HASH


def test_the_plugin_calls_the_provider_in_another_thread(provider: PaperProvider) -> None:
    """The server has one thread for all calls, which a slow call would block."""
    threads: list[threading.Thread] = []
    provider.on_create = lambda: threads.append(threading.current_thread())
    urn = "urn:pulumi:stack::project::aws:sqs/queue:Queue::queue"
    created = asyncio.run(plugin.Plugin(provider).create(api.CreateRequest(urn, {}, 0, False)))
    assert created.resource_id == "id-queue"
    assert threads != [threading.current_thread()]
