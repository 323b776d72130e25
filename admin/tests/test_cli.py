"""The command line: options, exit codes, JSON, and errors without tracebacks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from async_download_admin import VERSION, cli
from async_download_admin.cli import EXIT_CODES, exit_code_of, main
from async_download_admin.errors import AdminError, OutputsError
from async_download_admin.permissions import COMMANDS

from admin.tests.conftest import Run
from admin.tests.support.fake_aws import ARN, OUTPUTS, refusal

EMPTY: dict[str, Any] = {"stepfunctions.ListExecutions": {"executions": []}}


def test_a_command_prints_text_or_json(run: Run) -> None:
    assert run("list", answers=EMPTY) == (0, "No downloads.\n", "")
    code, printed, _ = run("list", "--json")
    assert (code, json.loads(printed)["downloads"]) == (0, [])


def test_an_error_is_a_sentence_and_in_json_also_on_stdout(run: Run) -> None:
    answers = {"stepfunctions.ListExecutions": refusal("AccessDeniedException", "not authorized")}
    code, printed, errors = run("list", answers=answers)
    assert (code, printed) == (3, "")
    assert errors.startswith("async-download-admin: `list` needs the IAM permission states:ListExecutions.")
    assert errors.endswith("[PERMISSION_MISSING]\n")
    code, printed, _ = run("list", "--json")
    assert json.loads(printed)["error"]["code"] == "PERMISSION_MISSING"
    assert json.loads(printed)["exitCode"] == code == 3


def test_the_account_is_checked_before_anything_else(run: Run, aws: Any) -> None:
    identity = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/u"}
    code, _, errors = run("list", answers={"sts.GetCallerIdentity": identity})
    assert (code, aws.names) == (3, ["sts.GetCallerIdentity"])
    assert "[WRONG_ACCOUNT]" in errors


def test_an_unexpected_error_has_its_place_and_no_text(run: Run) -> None:
    code, _, errors = run("list", answers={"stepfunctions.ListExecutions": ZeroDivisionError("a secret")})
    assert code == 1
    assert re.search(r"An unexpected ZeroDivisionError in \w+\.py, line \d+\. .*\[UNEXPECTED\]", errors)
    assert "secret" not in errors
    assert "Traceback" not in errors


def test_ctrl_c_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("async_download_admin.cli.run", interrupt)
    code, printed, errors = run("list")
    assert (code, printed, errors) == (130, "", "async-download-admin: stopped\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["list"],
        ["list", "--local", "--stack", "x"],
        ["list", "--local", "--since", "2"],
        ["list", "--local", "--since", "91d"],
        ["list", "--local", "--since", "0h"],
        ["list", "--local", "--limit", "0"],
        ["list", "--local", "--running", "--failed"],
        ["list", "--local", "--endpoint-url", "ftp://x"],
        ["list", "--local", "--endpoint-url", "http://[x"],
        ["show", "--local"],
        ["policy", "unknown", "--local"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: async-download-admin" in capsys.readouterr().err


def test_help_lists_every_exit_code_and_command(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capfd.readouterr().out
    codes = set(re.findall(r"^\s+(\d+)  ", printed, re.MULTILINE))
    assert {str(code) for code in EXIT_CODES.values()} | {"0", "1", "2", "130"} <= codes
    assert [command for command in COMMANDS if f"    {command}" not in printed] == []


def test_the_version_is_that_of_the_package(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capfd.readouterr().out == f"async-download-admin/{VERSION}\n"
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    assert f'version = "{VERSION}"' in pyproject.read_text(encoding="utf-8")


def test_every_error_has_an_exit_code() -> None:
    kinds = [AdminError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind for kind in kinds if kind not in EXIT_CODES} == {AdminError}
    assert exit_code_of(OutputsError("x")) == 8
    assert exit_code_of(AdminError("x", "X")) == 1


def test_an_exit_code_of_the_table_is_documented() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", cli.__doc__ or "", re.MULTILINE)}
    assert set(EXIT_CODES.values()) <= documented
    page = (Path(__file__).parents[2] / "docs" / "admin.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| .+ \|$", cli.__doc__ or "", re.MULTILINE)
    assert [row for row in rows if not re.search(rf"^\| {row} \| ", page, re.MULTILINE)] == []


def test_the_policy_of_commands_is_printed_without_a_call(run: Run, aws: Any) -> None:
    code, printed, _ = run("policy", "list", "--json")
    statements = {tuple(statement["Action"]): statement["Resource"] for statement in json.loads(printed)["Statement"]}
    assert (code, aws.calls) == (0, [])
    assert statements["dynamodb:BatchGetItem",] == [
        f"arn:aws:dynamodb:eu-central-1:111122223333:table/{OUTPUTS['downloadsTableName']}"
    ]
    assert len(json.loads(run("policy")[1])["Statement"]) > len(statements)


def program(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "async_download_admin.cli", *arguments]
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_an_endpoint_that_does_not_answer_is_said(outputs_file: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    done = program("show", ARN, "--outputs", str(outputs_file), "--endpoint-url", "http://127.0.0.1:1", **keys)
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.startswith("async-download-admin: 127.0.0.1:1 does not answer")
    assert done.stderr.count("\n") == 1


def test_missing_credentials_are_said(outputs_file: Path) -> None:
    done = program("list", "--outputs", str(outputs_file))
    assert done.returncode == 3
    assert done.stderr.startswith("async-download-admin: No AWS credentials: Unable to locate credentials.")
    assert done.stderr.count("\n") == 1
