"""The suite's options: other targets, the account that may be deployed to, and stacks that are kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests.engine.stages import remains
from integration_tests.support.clouds import Target, emulated, open_cloud
from integration_tests.support.errors import MissingError, RefusedTargetError
from integration_tests.support.pulumi_cli import BUILT_CLI, TOP
from localcloud.emulator import Emulator

FAILS = """
import pulumi_aws as aws

def test_that_fails(empty):
    empty.workspace.program = lambda: aws.sqs.Queue("left")
    assert empty.up().summary.result == "failed", "so that the stack is kept"
"""


FIXTURES = ("-p", "integration_tests.conftest", "-p", "integration_tests.engine.conftest")


def suite(*arguments: str | Path, emulator: Emulator | None = None) -> subprocess.CompletedProcess[str]:
    """Run tests of the suite in a process of their own, where LocalStack is the emulator."""
    here = {}
    if emulator:
        here = {
            "LOCALSTACK_HOST": f"127.0.0.1:{emulator.port}",
            "AWS_ACCESS_KEY_ID": emulator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, arguments)]
    env = {**os.environ, **here, "PYTHONPATH": str(TOP)}
    return subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, check=False)


def test_a_stack_is_kept_on_failure_and_destroyed_by_the_command_that_is_printed(tmp_path: Path) -> None:
    """The suite deploys to an emulator at LocalStack's address."""
    failing = tmp_path / "test_fails.py"
    failing.write_text(FAILS, encoding="utf-8")
    with Emulator(log_path=tmp_path / "emulator.log") as emulator:
        cloud = emulated(emulator)
        ran = suite(*FIXTURES, failing, "-n1", "--target", "localstack", "--keep-on-failure", emulator=emulator)
        if "skipped" in ran.stdout:
            pytest.skip(ran.stdout.strip().splitlines()[-2])
        assert "1 failed" in ran.stdout, ran.stdout + ran.stderr
        (command,) = re.findall(r"^cd .* pulumi destroy .*$", ran.stdout, re.MULTILINE)
        assert list(remains(cloud)) == ["sqs"]
        env = {**os.environ, "PATH": f"{BUILT_CLI / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(["sh", "-c", command], env=env, check=True, capture_output=True)
        assert remains(cloud) == {}


def test_a_stack_is_destroyed_after_a_failure_otherwise(tmp_path: Path) -> None:
    failing = tmp_path / "test_fails.py"
    failing.write_text(FAILS, encoding="utf-8")
    with Emulator(log_path=tmp_path / "emulator.log") as emulator:
        ran = suite(*FIXTURES, failing, "-n0", "--target", "localstack", emulator=emulator)
        if "skipped" in ran.stdout:
            pytest.skip(ran.stdout.strip().splitlines()[-2])
        assert "1 failed" in ran.stdout, ran.stdout + ran.stderr
        assert remains(emulated(emulator)) == {}


def test_aws_is_refused_without_the_account_that_may_be_deployed_to() -> None:
    ran = suite("--collect-only", "--target", "aws", "--engine", "pulumi", TOP / "integration_tests" / "engine")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--target aws needs --aws-account ID" in ran.stderr


def test_the_credentials_of_another_account_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(log_path=tmp_path / "emulator.log") as emulator:
        for name, value in {
            "AWS_ACCESS_KEY_ID": emulator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_STS": emulator.endpoint,
        }.items():
            monkeypatch.setenv(name, value)
        sentence = "account 000000000000; --aws-account allows 111122223333 only"
        with (
            pytest.raises(RefusedTargetError, match=sentence),
            open_cloud(Target.AWS, folder=tmp_path, account="111122223333"),
        ):
            pass
        with open_cloud(Target.AWS, folder=tmp_path, account="000000000000") as allowed:
            assert allowed.target is Target.AWS


def test_a_localstack_that_does_not_run_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:9")
    with (
        pytest.raises(MissingError, match=r"Nothing answers on .*: start LocalStack"),
        open_cloud(Target.LOCALSTACK, folder=tmp_path),
    ):
        pass
