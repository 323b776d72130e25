"""The outputs of a stack: where they come from, and what is said when they are wrong."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from async_download_admin.errors import OutputsError
from async_download_admin.outputs import ApiStage, StackOutputs, read_file, read_local, read_pulumi

from admin.tests.support.fake_aws import ACCOUNT, KEY, OUTPUTS, PREFIX, REGION


def outputs(**changes: Any) -> StackOutputs:
    return StackOutputs(OUTPUTS | changes, "outputs.json")


def fake_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Puts a program named pulumi first on the PATH."""
    source, program = folder / "pulumi.py", folder / "pulumi"
    source.write_text(f"import sys\n{script}\n", encoding="utf-8")
    command = shlex.join([sys.executable, str(source)])  # behind "#!" it could have no blanks
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder))


def test_outputs_name_the_resources_of_the_stack() -> None:
    stack = outputs()
    assert (stack.partition, stack.region, stack.account) == ("aws", REGION, ACCOUNT)
    assert stack.rest_stage == ApiStage("rest123", "v1")
    assert stack.socket_stage == ApiStage("socket456", "v1")
    assert stack.dead_letter_queue_name == f"{PREFIX}-undelivered"
    assert stack.log_group("request_download") == f"/aws/lambda/{PREFIX}-request-download"
    assert stack.prefix == "downloads/"
    assert stack.key_arn is None
    assert outputs(bucketRules={"lifecycleRule": {"Filter": {"Prefix": "copies/a/"}}}).prefix == "copies/a/"
    assert outputs(keyPolicyStatements=[{"Resource": KEY}]).key_arn == KEY


def test_the_stage_of_an_api_under_a_path_is_found() -> None:
    stack = outputs(apiUrl="http://127.0.0.1:4566/_aws/execute-api/ae73/v2")
    assert stack.rest_stage == ApiStage("ae73", "v2")
    with pytest.raises(OutputsError, match="address of an API"):
        assert outputs(apiUrl="https://downloads.example.com/").rest_stage
    for api in (
        "https://ae73.execute-api.eu-west-1.amazonaws.com/v2",
        "http://127.0.0.1:4566/_aws/execute-api/ae73/v2",
    ):
        assert outputs(apiUrl=f"{api}/company/files").rest_stage == ApiStage("ae73", "v2")


def test_a_stack_with_custom_domains_and_log_names_of_its_own_is_found() -> None:
    stack = outputs(
        apiUrl="https://files.example.com",
        executeApiUrl="https://rest123.execute-api.eu-west-1.amazonaws.com/v2",
        webSocketUrl="wss://sockets.example.com",
        webSocketExecuteApiUrl="wss://socket456.execute-api.eu-west-1.amazonaws.com/v2",
        logGroupPrefix="/company/files",
    )
    assert (stack.rest_stage, stack.socket_stage) == (ApiStage("rest123", "v2"), ApiStage("socket456", "v2"))
    assert stack.log_group("copy") == f"/company/files/{PREFIX}-copy"


def test_an_unknown_output_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        assert outputs().no_such_output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "does not hold the outputs"),
        ({}, "lacks apiUrl, bucketName"),
        (OUTPUTS | {"functionNames": {"fail": "f"}}, "lacks functionNames"),
        (OUTPUTS | {"downloadsTableName": 3}, "lacks downloadsTableName"),
        (OUTPUTS | {"stateMachineArn": "arn:aws:lambda:x"}, "not the ARN of a state machine"),
    ],
)
def test_other_outputs_are_refused(content: object, message: str) -> None:
    with pytest.raises(OutputsError, match=message):
        StackOutputs(content, "outputs.json")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(mark + json.dumps(OUTPUTS), encoding="utf-8")
    assert read_file(str(path)).bucket_name == OUTPUTS["bucketName"]


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(OUTPUTS).encode())))
    assert read_file("-").account == ACCOUNT
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(OutputsError, match="stdin is not JSON"):
        read_file("-")


def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputsError, match="No such file"):
        read_file(str(tmp_path / "absent.json"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OutputsError, match="not UTF-8"):
        read_file(str(tmp_path / "binary"))
    (tmp_path / "text").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(OutputsError, match="not JSON"):
        read_file(str(tmp_path / "text"))


def test_the_local_stack_is_found_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputsError, match="make local"):
        read_local()
    Path(".localcloud").mkdir()
    local = {"awsEndpoint": "http://127.0.0.1:4566", "accessKeyId": "LOCAL", "secretAccessKey": "s3cret"}
    Path(".localcloud", "outputs.json").write_text(json.dumps(OUTPUTS | local), encoding="utf-8")
    cloud = read_local().local_cloud
    assert cloud is not None
    assert (cloud.endpoint, cloud.access_key_id) == ("http://127.0.0.1:4566", "LOCAL")
    assert "s3cret" not in repr(cloud)


def test_an_endpoint_without_keys_is_not_taken_from_the_outputs() -> None:
    assert outputs(awsEndpoint="http://evil.example.com").local_cloud is None


def test_pulumi_is_asked_for_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = tmp_path / "arguments"
    script = (
        f"open({str(arguments)!r}, 'w', encoding='utf-8').write(' '.join(sys.argv[1:])); print({json.dumps(OUTPUTS)!r})"
    )
    fake_pulumi(tmp_path, monkeypatch, script)
    assert read_pulumi("org/prod").account == ACCOUNT
    assert arguments.read_text(encoding="utf-8") == "stack output --json --non-interactive --stack org/prod"


def test_a_missing_pulumi_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputsError, match=r"Pulumi CLI is not on the PATH.*--outputs"):
        read_pulumi("prod")


def test_a_pulumi_that_may_not_be_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pulumi(tmp_path, monkeypatch, "")
    (tmp_path / "pulumi").chmod(0o600)
    with pytest.raises(OutputsError, match="The Pulumi CLI cannot be run: Permission denied"):
        read_pulumi("prod")


def test_the_reason_of_pulumi_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\\x1b[31merror:\\x1b[0m no stack named 'prod' found"
    fake_pulumi(tmp_path, monkeypatch, f'sys.stderr.write("warning: old\\n{text}\\n\\n"); sys.exit(255)')
    with pytest.raises(OutputsError, match=r"error: no stack named 'prod' found\. Call it in the folder") as failed:
        read_pulumi("prod")
    assert "\x1b" not in str(failed.value)
    fake_pulumi(tmp_path, monkeypatch, "sys.exit(3)")
    with pytest.raises(OutputsError, match="exit code 3"):
        read_pulumi("prod")


def test_a_pulumi_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pulumi(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr("async_download_admin.outputs._PULUMI_SECONDS", 0.2)
    with pytest.raises(OutputsError, match=r"did not end within 0\.2 s"):
        read_pulumi("prod")


def test_an_output_of_pulumi_that_is_not_json_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pulumi(tmp_path, monkeypatch, "print('Please choose a stack')")
    with pytest.raises(OutputsError, match="is not JSON"):
        read_pulumi("prod")
