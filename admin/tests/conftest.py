"""Fixtures of the tests of `async-download-admin`: its requests are held against what AWS publishes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from async_download_admin.aws import Aws
from async_download_admin.cli import main
from async_download_admin.outputs import StackOutputs
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import OUTPUTS, FakeAws
from localcloud import aws_request_checks

aws_request_checks.install()

Run = Callable[..., tuple[int, str, str]]
MakeStack = Callable[..., Stack]


@pytest.fixture(autouse=True)
def _valid_requests() -> Iterator[None]:
    """Fails the test whose request AWS would refuse."""
    aws_request_checks.problems.clear()
    yield
    problems = sorted(set(aws_request_checks.problems))
    aws_request_checks.problems.clear()
    assert not problems, "\n".join(["AWS would refuse:", *problems])


@pytest.fixture(autouse=True)
def _keep_signals() -> Iterator[None]:
    """Restores the signal handlers of this process after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def aws() -> FakeAws:
    """A fake of AWS without answers."""
    return FakeAws()


@pytest.fixture
def make_stack(aws: FakeAws) -> MakeStack:
    """Returns a stack on the fake; keywords replace outputs, `command` is the name in messages."""

    def make(command: str = "show", **outputs: Any) -> Stack:
        return Stack(StackOutputs(OUTPUTS | outputs, "outputs.json"), Aws(aws.session(), command))

    return make


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    """A stack on the fake."""
    return make_stack()


@pytest.fixture
def outputs_file(tmp_path: Path) -> Path:
    """A file with the outputs of the stack."""
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(OUTPUTS), encoding="utf-8")
    return path


@pytest.fixture
def run(aws: FakeAws, outputs_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command on the fake; returns exit code, stdout and stderr."""
    monkeypatch.setattr("boto3.Session", aws.session)

    def run_command(*arguments: str, answers: Mapping[str, Any] | None = None) -> tuple[int, str, str]:
        aws.answers |= answers or {}
        code = main([*arguments, "--outputs", str(outputs_file)])
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run_command
