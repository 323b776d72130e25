"""The commands behind `make local` and the others, as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from integration_tests.local.programs import answers, get, python, until
from integration_tests.support.leaks import find_leaks
from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.records import file_lines
from integration_tests.support.sockets import Socket


@contextmanager
def serving(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `make local` without make, with its outputs file in a directory of the test."""
    where = ["--directory", str(directory)]
    process = python("-m", "localcloud", "serve", *where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def command(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    with python("-m", "localcloud", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors


def test_the_stack_stays_up_until_it_is_told_to_stop(tmp_path: Path) -> None:
    where = ["--directory", str(tmp_path)]
    with serving(tmp_path) as process:
        welcome = until(process, "Activity:")
        outputs = json.loads((tmp_path / "outputs.json").read_text(encoding="utf-8"))
        assert {outputs["apiUrl"], outputs["webSocketUrl"], outputs["webPageUrl"]} <= set(welcome.split())
        assert json.loads(get(f"{outputs['webPageUrl']}config.json")[1])["apiUrl"] == outputs["apiUrl"]
        assert {"awsEndpoint", "region", "accessKeyId", "secretAccessKey", "bucketName"} <= outputs.keys()

        status, body = get(outputs["downloadUrl"])
        request = json.loads(body)
        assert status == 200
        shown = until(process, "GET /download -> 200") + until(process, "succeeded")
        ticket = request["webSocketEndpoint"].partition("ticket=")[2]
        with Socket(request["webSocketEndpoint"]) as client:
            url = client.receive("ready")["url"]
        assert get(url)[0] == 200
        shown += until(process, "S3")
        files = {path.name: list(file_lines(path)) for path in tmp_path.iterdir()}
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
            "emulator.log": "0o600",
            "outputs.json": "0o600",
        }
        environment = command("env", *where)[1]
        keys = {outputs["accessKeyId"], outputs["secretAccessKey"]}
        assert {f"export AWS_ENDPOINT_URL={outputs['awsEndpoint']}"} <= set(environment.splitlines())
        assert [key for key in keys if f"={key}\n" not in environment] == []
        other_files = {name: lines for name, lines in files.items() if name != "outputs.json"}
        assert find_leaks({**other_files, "printed": [("", welcome + shown)]}, keys) == []
        secret, signature = ticket.partition(".")[2], parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
        assert find_leaks({**files, "printed": [("", welcome + shown)]}, {secret, signature}) == []
        assert f"{request['downloadId']} at Copy" in shown

        assert request["executionArn"] in command("tables", *where)[1]
        sets = [f"--set=pathParameters.id={request['downloadId']}", f"--set=headers.x-download-ticket={ticket}"]
        code, printed, _ = command("invoke", "get_download", "events/get_download.json", *sets, *where)
        assert (code, json.loads(json.loads(printed)["body"])["status"]) == (0, "READY")
        sets = ["--set=queryStringParameters.origin=local", "--set=queryStringParameters.path=files/1"]
        code, printed, _ = command("invoke", "request_download", "events/request_download_get.json", *sets, *where)
        assert (code, '"statusCode": 200' in printed) == (0, True), "the deployed origins are read"
        code, _, said = command("invoke", "unknown", "events/deliver.json", *where)
        assert (code, said[:31]) == (1, "error: There is no handler unkn")
        assert "is running already" in command("serve", *where)[2]

        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches every process of the terminal's group
        assert "Traceback" not in until(process, "Stopped; nothing is left running.")
        assert process.wait(timeout=10) == 0
    assert not answers(outputs["awsEndpoint"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["emulator.log"]
    assert "No local stack is running" in command("tables", *where)[2]


def test_an_emulator_without_a_stack(tmp_path: Path) -> None:
    where = ["--directory", str(tmp_path / "word")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with python("-m", "localcloud", "emulator", f"--port={port}", *where, stdout=subprocess.PIPE) as process:
        assert f"127.0.0.1:{port}" in until(process, "answers on")
        assert f"env {' '.join(where)}" in until(process, "eval")
        show = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        line = f'eval "$({sys.executable} -m localcloud env {" ".join(where)})" && {sys.executable} -c "{show}"'
        identity = subprocess.run(["sh", "-c", line], cwd=TOP, capture_output=True, text=True, check=True)
        assert identity.stdout == "arn:aws:iam::000000000000:root\n"
        assert "No local stack is running" in command("tables", *where)[2]
        assert "is running already" in command("emulator", f"--port={port}", *where)[2]
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in until(process, "Stopped; nothing is left running.")
        assert process.wait(timeout=10) == 0
    assert not answers(f"http://127.0.0.1:{port}")
    assert [path.name for path in (tmp_path / "word").iterdir()] == ["emulator.log"]


def test_a_signal_stops_the_stack_while_it_starts(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        until(process, "Starting the emulator")
        process.send_signal(signal.SIGTERM)
        assert "Traceback" not in until(process, "Stopped; nothing is left running.")
        assert process.wait(timeout=10) == 0
    assert not (tmp_path / "outputs.json").exists()
