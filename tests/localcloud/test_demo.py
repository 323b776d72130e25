"""The output and exit codes of the demo; its journey is tested end to end."""

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

ITEM = {
    "executionArn": "arn:aws:states:eu-central-1:000000000000:execution:transfer:0123",
    "status": "COPYING",
    "path": "files/1",
    "ticketHashes": ["0123456789abcdef" * 4],
    "expiresAt": 1_900_000_000,
}


def screen_with_output(terminal: bool) -> tuple[Screen, io.StringIO]:
    """Return a screen and its output."""
    written = io.StringIO()
    return Screen(Console(file=written, force_terminal=terminal, width=100, highlight=False)), written


def journey(screen: Screen) -> None:
    """Show one of each kind of step."""
    screen.title("Title")
    screen.begin("Copy", "waiting")
    screen.bar(5, 10, "copying")
    screen.done("copied")
    screen.rows("Downloads", download_fields(ITEM))
    screen.summary({"All of it": "1 s"})


def test_without_a_terminal_lines_have_no_colour_or_cursor_movement() -> None:
    screen, written = screen_with_output(terminal=False)
    journey(screen)
    lines = written.getvalue().splitlines()
    assert lines[0] == "Title"
    assert lines[1].startswith("Copy: copied (")
    assert f"    executionArn (key) = {ITEM['executionArn']}" in lines
    assert lines[-1] == "All of it  1 s"
    assert all(character.isprintable() for line in lines for character in line)


def test_on_a_terminal_the_cursor_is_shown_again_at_the_end() -> None:
    screen, written = screen_with_output(terminal=True)
    journey(screen)
    screen.close()
    assert "✓" in written.getvalue()
    assert written.getvalue().rfind("\x1b[?25h") > written.getvalue().rfind("\x1b[?25l")


def test_ticket_hashes_are_shortened_and_no_connection_is_none() -> None:
    fields = download_fields(ITEM)
    assert fields["ticketHashes"] == "01234567…"
    assert fields["connectionIds"] == "none"


def test_times_below_a_second_are_in_milliseconds() -> None:
    assert (seconds_text(0.0854), seconds_text(3.21)) == ("85 ms", "3.2 s")


def test_wait_for_returns_false_after_the_deadline() -> None:
    answers = iter([False, False, True])
    assert wait_for(lambda: next(answers), 10)
    assert not wait_for(lambda: False, 0)


def test_a_failure_prints_one_sentence_and_the_log_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    @contextmanager
    def fail(*_: object, **__: object) -> Iterator[None]:
        raise DeployError("Bucket files-copies: made up.\nmore of it")
        yield

    monkeypatch.setattr(demo, "local_stack", fail)
    assert demo.main([]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Cloud: Bucket files-copies: made up. The emulator's log: ")
    assert last.endswith("emulator.log")


def test_an_interrupt_cleans_up_and_exits_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned_up = []

    @contextmanager
    def interrupt(*_: object, **__: object) -> Iterator[None]:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            yield
        finally:
            cleaned_up.append(True)

    monkeypatch.setattr(demo, "local_stack", interrupt)
    assert demo.main([]) == 130
    assert cleaned_up
    assert capsys.readouterr().out.splitlines()[-1] == "Stopped; nothing is left running."


@pytest.mark.parametrize("arguments", [["--size", "many"], ["--first-byte", "-1"], ["--first-byte", "soon"]])
def test_invalid_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        demo.main(arguments)
    assert caught.value.code == 2
