"""How the demo speaks; that its journey succeeds is seen end to end."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from local_provider.errors import DeployError
from localcloud import demo
from localcloud.demo_facts import download_fields, wait_for
from localcloud.demo_screen import Screen, seconds_text

ROW = {
    "executionArn": "arn:aws:states:eu-central-1:000000000000:execution:transfer:0123",
    "status": "COPYING",
    "path": "files/1",
    "ticketHashes": ["0123456789abcdef" * 4],
    "expiresAt": 1_900_000_000,
}


def shown(terminal: bool) -> tuple[Screen, io.StringIO]:
    """A screen, and what it wrote."""
    written = io.StringIO()
    return Screen(Console(file=written, force_terminal=terminal, width=100, highlight=False)), written


def journey(screen: Screen) -> None:
    """A step of each kind."""
    screen.title("Title")
    screen.begin("Copy", "waiting")
    screen.bar(5, 10, "copying")
    screen.done("copied")
    screen.rows("Downloads", download_fields(ROW))
    screen.summary({"All of it": "1 s"})


def test_piped() -> None:
    """Piped, there are lines without colour, cursor movement or padding."""
    screen, written = shown(terminal=False)
    journey(screen)
    lines = written.getvalue().splitlines()
    assert lines[0] == "Title"
    assert lines[1].startswith("Copy: copied (")
    assert f"    executionArn (key) = {ROW['executionArn']}" in lines
    assert lines[-1] == "All of it  1 s"
    assert all(character.isprintable() for line in lines for character in line)


def test_terminal() -> None:
    """On a terminal something moves, and the cursor comes back."""
    screen, written = shown(terminal=True)
    journey(screen)
    screen.close()
    assert "✓" in written.getvalue()
    assert written.getvalue().rfind("\x1b[?25h") > written.getvalue().rfind("\x1b[?25l")


def test_hashes_are_shortened() -> None:
    """A hash of a ticket is shown by its first characters, and nobody connected as such."""
    fields = download_fields(ROW)
    assert fields["ticketHashes"] == "01234567…"
    assert fields["connectionIds"] == "none"


def test_times() -> None:
    """Below a second in milliseconds."""
    assert (seconds_text(0.0854), seconds_text(3.21)) == ("85 ms", "3.2 s")


def test_waiting() -> None:
    """It waits until something holds, and not for ever."""
    answers = iter([False, False, True])
    assert wait_for(lambda: next(answers), 10)
    assert not wait_for(lambda: False, 0)


def test_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure is one sentence, the place of the emulator's log, and exit code 1."""

    @contextmanager
    def fail(*_: object, **__: object) -> Iterator[None]:
        raise DeployError("Bucket files-copies: made up.\nmore of it")
        yield

    monkeypatch.setattr(demo, "local_stack", fail)
    assert demo.main([]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Cloud: Bucket files-copies: made up. The emulator's log: ")
    assert last.endswith("emulator.log")


def test_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is exit code 130, after everything on the way out was tidied up."""
    tidied = []

    @contextmanager
    def interrupt(*_: object, **__: object) -> Iterator[None]:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            yield
        finally:
            tidied.append(True)

    monkeypatch.setattr(demo, "local_stack", interrupt)
    assert demo.main([]) == 130
    assert tidied
    assert capsys.readouterr().out.splitlines()[-1] == "Stopped; nothing is left running."


@pytest.mark.parametrize("arguments", [["--size", "many"], ["--first-byte", "-1"], ["--first-byte", "soon"]])
def test_usage(arguments: list[str]) -> None:
    """Wrong arguments are exit code 2."""
    with pytest.raises(SystemExit) as caught:
        demo.main(arguments)
    assert caught.value.code == 2
