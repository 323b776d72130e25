"""The package's names, its tree of errors, and secrets in what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args

import async_download_client
import pytest
from async_download_client import Client, errors, events

from client.tests.support.fake_stack import SECRET, SIGNATURE

ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def test_the_package_exports_every_error_and_event() -> None:
    exported = set(async_download_client.__all__)
    assert all(hasattr(async_download_client, name) for name in exported)
    assert exported >= ERRORS | {event.__name__ for event in get_args(events.Event)}


def test_a_command_starts_without_the_modules_that_only_some_need() -> None:
    """Bars need a terminal, and asyncio needs a program that uses it: both would double the time of the start."""
    program = "import sys, async_download_client.cli; print({'asyncio', 'rich.progress'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=True)
    assert ended.stdout.strip() == "set()"


def test_the_package_has_no_other_names() -> None:
    name = "AsynchronousClient"
    with pytest.raises(AttributeError, match=f"'async_download_client' has no attribute '{name}'"):
        getattr(async_download_client, name)


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)(\w+Error)\b", line):
            drawn.append((len(match[1]) // 4, match[2]))
    parents: dict[int, str] = {}
    documented = {}
    for depth, name in drawn:
        parents[depth] = name
        documented[name] = parents.get(depth - 1, "Exception")
    actual = {name: getattr(errors, name).__base__.__name__ for name in ERRORS}
    assert documented == actual


def test_neither_ticket_nor_signature_is_printed(client: Client) -> None:
    download = client.request("q3.csv")
    file = client.wait(download)
    assert SECRET in download.ticket
    assert SIGNATURE in file.url
    samples: list[events.Event] = [events.Requested(download), events.FileReady(file)]
    for text in (repr(download), repr(file), repr(samples), *(str(events.as_json(event)) for event in samples)):
        assert SECRET not in text
        assert SIGNATURE not in text
