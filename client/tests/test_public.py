"""The package's names, its tree of errors, and secrets in what it prints."""

from __future__ import annotations

import re
from typing import get_args

import async_download_client
from async_download_client import Client, errors, events

from client.tests.support.fake_stack import SECRET, SIGNATURE

ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def test_the_package_exports_every_error_and_event() -> None:
    exported = set(async_download_client.__all__)
    assert all(hasattr(async_download_client, name) for name in exported)
    assert exported >= ERRORS | {event.__name__ for event in get_args(events.Event)}


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
