"""The emulator enforces IAM, keeps its log, reports why it cannot start, and ends with its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from integration_tests.local.programs import answers, get, python
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.emulator import Emulator
from localcloud.errors import EmulatorError

OWNER = """
import io, sys, zipfile
from localcloud.emulator import Emulator
emulator = Emulator().start()
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("f.py", "def handler(event, context): pass")
trust = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
role = emulator.aws().client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
function = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "f.handler", "Role": role}
client = emulator.aws().client("lambda")
client.create_function(**function, Code={"ZipFile": packed.getvalue()})
client.invoke(FunctionName="f")
print(emulator.endpoint, emulator.log_path.parent, flush=True)
sys.stdin.read()
"""


def processes() -> dict[int, tuple[int, int]]:
    """Return process -> parent and process group, without zombies."""
    ps = ["ps", "-A", "-ww", "-o", "pid=,ppid=,pgid=,stat="]
    listed = subprocess.run(ps, capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows if not row[3].startswith("Z")}


def family(pid: int) -> set[int]:
    """Return the child processes of a process, and theirs."""
    descendants = {pid}
    for _ in range(4):
        descendants |= {child for child, (parent, _) in processes().items() if parent in descendants}
    return descendants - {pid}


def test_it_enforces_iam_and_is_gone_when_stopped() -> None:
    with Emulator() as emulator:
        emulator.aws().client("s3").create_bucket(Bucket="private")
        assert get(f"{emulator.endpoint}/private")[0] == 403
        endpoint, directory = emulator.endpoint, emulator.log_path.parent
        assert emulator.is_running()
    assert not answers(endpoint)
    assert not directory.exists()
    assert not emulator.is_running()


def test_its_log_is_kept_where_it_is_reported(tmp_path: Path) -> None:
    emulator = Emulator(log_path=tmp_path / "logs" / "emulator.log")
    for _ in range(2):
        with emulator:
            emulator.aws().client("sqs").create_queue(QueueName="noted")
        assert "SQS queue created: noted" in (tmp_path / "logs" / "emulator.log").read_text(encoding="utf-8")


def test_an_early_end_is_told_with_its_log() -> None:
    with pytest.raises(EmulatorError, match="ended with exit code 1 while starting") as failed:
        Emulator(env={"GATEWAY_PORT": "none"}).start()
    assert "ValueError: invalid literal" in str(failed.value)


def test_a_place_where_no_log_can_be_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(EmulatorError, match=r"cannot be started: .*File exists"):
        Emulator(log_path=tmp_path / "file" / "emulator.log").start()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_port_in_use_is_reported() -> None:
    with Emulator() as first, pytest.raises(EmulatorError, match=f"{first.port} is already in use"):
        Emulator(port=first.port).start()


def test_two_emulators_know_nothing_of_each_other() -> None:
    with Emulator() as first, Emulator() as other:
        first.aws().client("sqs").create_queue(QueueName="q")
        assert not other.aws().client("sqs").list_queues().get("QueueUrls")


def test_what_it_writes_is_in_its_directory() -> None:
    with Emulator() as emulator:
        emulator.aws().client("cognito-idp").create_user_pool(PoolName="pool")
        assert list(emulator.log_path.parent.rglob("cognito-rsa-key.pem"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_its_owner(end: signal.Signals) -> None:
    with python("-c", OWNER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        endpoint, directory = owner.stdout.readline().split()
        descendants = family(owner.pid)
        assert len(descendants) >= 3, "supervisor, emulator and a function"
        os.kill(owner.pid, end)
        wait_for(lambda: descendants & processes().keys(), deadline=5, until=is_absent)
    assert not answers(endpoint)
    wait_for(Path(directory).exists, deadline=5, until=is_absent)
