"""The command `async-download` and the client library on a deployed stack."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from async_download_client import AsyncClient, Client, Event, FileReady, Iam

from integration_tests.support.clouds import Target
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin

COMMAND = Path(sys.executable).with_name("async-download")


def run(stack: Stack, command: str, *arguments: str, sign: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command; it signs where the stack has auth.type iam."""
    environment = dict(os.environ)
    signed = ["--region", stack.cloud.region] if stack.client.rest.signature and sign else []
    if stack.cloud.target is not Target.AWS:
        environment |= {
            "AWS_ACCESS_KEY_ID": stack.cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": stack.cloud.secret_access_key,
        }
    return subprocess.run(
        [str(COMMAND), command, *arguments, *signed],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def download(stack: Stack, path: str, target: Path, *, sign: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `async-download get`."""
    where = (str(stack.outputs["apiUrl"]), "--origin", stack.client.origin, "--path", path)
    return run(stack, "get", *where, "-o", str(target), sign=sign)


def test_get_saves_the_file(stack: Stack, tmp_path: Path) -> None:
    target = tmp_path / "report.bin"
    ended = download(stack, unique_path("12MB", "first_byte=0.5"), target)
    assert ended.returncode == 0, ended.stderr
    assert hashlib.sha256(target.read_bytes()).hexdigest() == Origin.content_sha256(12_000_000)
    assert list(tmp_path.iterdir()) == [target]


def test_get_prints_the_code_of_a_failure(stack: Stack, tmp_path: Path) -> None:
    ended = download(stack, unique_path("1MB", "status=404"), tmp_path / "report.bin")
    assert ended.returncode != 0
    assert "ORIGIN_NOT_FOUND" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_get_signs_its_calls_with_rest_auth_iam(strict_stack: Stack, tmp_path: Path) -> None:
    """Without signatures the API refuses its calls."""
    target = tmp_path / "report.bin"
    ended = download(strict_stack, unique_path("1MB"), target)
    assert ended.returncode == 0, ended.stderr
    assert hashlib.sha256(target.read_bytes()).hexdigest() == Origin.content_sha256(1_000_000)
    refused = download(strict_stack, unique_path("1MB"), tmp_path / "other.bin", sign=False)
    assert refused.returncode == 3
    assert not (tmp_path / "other.bin").exists()


def test_the_output_of_request_is_enough_for_status_cancel_and_watch(stack: Stack, tmp_path: Path) -> None:
    path = unique_path("1MB", "first_byte=30")
    requested = run(stack, "request", str(stack.outputs["apiUrl"]), "--origin", stack.client.origin, "--path", path)
    assert requested.returncode == 0, requested.stderr
    answer = tmp_path / "answer.json"
    answer.write_text(requested.stdout, encoding="utf-8")
    status = run(stack, "status", str(answer), "--json")
    assert json.loads(status.stdout)["status"] in ("PENDING", "COPYING"), status.stderr
    cancelled = run(stack, "cancel", str(answer))
    assert cancelled.returncode == 0, cancelled.stderr
    watched = run(stack, "watch", str(answer), "--json")
    assert watched.returncode == 4
    assert json.loads(watched.stdout.splitlines()[-1])["code"] == "CANCELLED"


def test_a_second_call_continues_with_the_same_download(stack: Stack, tmp_path: Path) -> None:
    """The first call is stopped at `ready`; the second gets the same download and makes no second copy."""
    target, path = tmp_path / "report.bin", unique_path("20MB")
    with client_of(stack) as client:
        events = client.events(path, target, origin=stack.client.origin)
        first = next(event.file.download.id for event in events if isinstance(event, FileReady))
        events.close()
        second = [
            event for event in client.events(path, target, origin=stack.client.origin) if isinstance(event, FileReady)
        ]
    assert [event.file.download.id for event in second] == [first]
    assert hashlib.sha256(target.read_bytes()).hexdigest() == Origin.content_sha256(20_000_000)


def test_polling_replaces_a_lost_message(stack: Stack) -> None:
    """The stack no longer lists the connection and sends no message: the client polls the status."""
    events: list[Event] = []

    def remove_connection(event: Event) -> None:
        events.append(event)
        if event.name == "connected":
            stack.cloud.client("dynamodb").update_item(
                TableName=stack.outputs["downloadsTableName"],
                Key={"executionArn": {"S": requested.execution_arn}},
                UpdateExpression="REMOVE #ids",
                ExpressionAttributeNames={"#ids": "connectionIds"},
            )

    with client_of(stack) as client:
        requested = client.request(unique_path("1MB", "first_byte=2"), stack.client.origin)
        ready = client.wait(requested, on_event=remove_connection, timeout=18)
    assert stack.client.fetch(ready.url).sha256 == Origin.content_sha256(1_000_000)
    assert {event.name for event in events} <= {"connected", "progress", "ready"}


def test_the_async_client_gets_several_files_at_once(stack: Stack, tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncClient(str(stack.outputs["apiUrl"]), auth=auth_of(stack)) as client:
            await asyncio.gather(
                *(
                    client.get(unique_path("1MB"), tmp_path / str(number), origin=stack.client.origin)
                    for number in range(3)
                )
            )

    asyncio.run(main())
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {Origin.content(1_000_000)}


def client_of(stack: Stack) -> Client:
    """Return a client that signs where the stack has auth.type iam."""
    return Client(str(stack.outputs["apiUrl"]), auth=auth_of(stack))


def auth_of(stack: Stack) -> Iam | None:
    """Return the signature of the cloud's credentials, None where the stack needs none."""
    return Iam(region=stack.cloud.region) if stack.client.rest.signature else None
