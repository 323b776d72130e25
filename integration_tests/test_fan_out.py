"""Large files, which several workers copy in slices."""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from async_download.workflow.state_machine import definition

from integration_tests.support import batch_workers
from integration_tests.support.clouds import Target
from integration_tests.support.functions import service_role, small_function
from integration_tests.support.policies import end_workers
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin
from runtime.logic.copying import plan

LARGE = 250_000_000
SLICED = 100_000_000  # two slices
SLOW_RATE = "rate=4000000"  # of each connection: a part takes two seconds


def parts_of(stack: Stack, download: Download) -> list[dict[str, Any]]:
    """Return the parts of the download's unfinished upload."""
    parts: list[dict[str, Any]] = []
    for upload_id in stack.operator.uploads(download):
        key = stack.operator.object_key(download)
        listed = stack.cloud.client("s3").list_parts(Bucket=stack.operator.bucket, Key=key, UploadId=upload_id)
        parts += listed.get("Parts", [])
    return parts


def requested_ranges(origin: Origin, path: str) -> Counter[tuple[int, int]]:
    """Return how many times each range of a file was requested."""
    headers = [request.headers.get("range", "") for request in origin.requests if request.path == f"/{path}"]
    spans = [re.fullmatch(r"bytes=(\d+)-(\d+)", header) for header in headers]
    return Counter((int(span[1]), int(span[2])) for span in spans if span)


def outputs_of(stack: Stack, download: Download) -> list[str]:
    """Return the outputs in the history of the download's execution."""
    return [
        details["output"]
        for event in stack.operator.history(download)
        for details in event.values()
        if isinstance(details, dict) and "output" in details
    ]


def children_of(stack: Stack) -> str:
    """Return the type of the executions that copy slices."""
    described = stack.cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=stack.outputs["stateMachineArn"]
    )
    config = json.loads(described["definition"])["States"]["CopySlices"]["ItemProcessor"]["ProcessorConfig"]
    return str(config["ExecutionType"])


@pytest.mark.parametrize("children", ["EXPRESS", "STANDARD"])
def test_a_large_file_is_copied_in_slices_with_progress_messages(
    children: str, request: pytest.FixtureRequest, origin: Origin
) -> None:
    stack: Stack = request.getfixturevalue("stack" if children == "EXPRESS" else "strict_stack")
    if stack.cloud.target is not Target.LOCALSTACK:  # LocalStack has STANDARD in both stacks
        assert children_of(stack) == children
    path = unique_path(str(LARGE), "rate=4000000")
    download = stack.client.request(path)
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", deadline=60)
    progress = [message for message in socket.messages if message["type"] == "progress"]
    assert progress
    assert [message["copiedBytes"] for message in progress] == sorted({message["copiedBytes"] for message in progress})
    assert {message["size"] for message in progress} == {LARGE}
    assert ready["size"] == LARGE
    assert "sha256" not in ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(LARGE)
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    assert stack.operator.uploads(download) == []
    if stack.cloud.target is Target.EMULATOR:
        cut = plan.plan(LARGE)
        parts = Counter((part.first, part.last) for index in range(cut.slice_count) for part in cut.parts_of(index))
        probe = Counter({(0, plan.MIN_PART - 1): 1})
        assert requested_ranges(origin, path) == parts + probe


def test_only_numbers_of_slices_pass_through_the_state_machine(stack: Stack) -> None:
    download = stack.client.request(unique_path(str(SLICED)))
    assert stack.operator.wait_until_ended(download, 60) == "SUCCEEDED"
    outputs = outputs_of(stack, download)
    assert any('"PLANNED"' in output for output in outputs)
    assert all(len(output) < 300 for output in outputs if '"PLANNED"' in output)


def test_a_worker_that_dies_is_replaced_and_its_parts_are_kept(stack: Stack, origin: Origin) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Only the workers of the emulator can be ended: use --target emulator.")
    path = unique_path(str(SLICED), SLOW_RATE)
    download = stack.client.request(path)
    with stack.client.connect(download) as socket:
        stored = wait_for(lambda: parts_of(stack, download), 20)
        end_workers(stack, "copy_slice")
        ready = socket.receive("ready", "failed", deadline=60)
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(SLICED)
    ranges, cut = requested_ranges(origin, path), plan.plan(SLICED)
    kept = [cut.part(part["PartNumber"]) for part in stored if part["PartNumber"] > 1]  # part 1 was probed, too
    assert all(ranges[part.first, part.last] == 1 for part in kept)
    assert ranges.total() > cut.part_count + 1
    assert stack.operator.uploads(download) == []


@pytest.mark.parametrize(
    ("options", "version"), [("change_after=5", 1), ("if_match=412", 0)], ids=["changes", "refuses its own ETag"]
)
def test_a_file_that_changes_between_slices_is_copied_without_ranges(
    stack: Stack, origin: Origin, options: str, version: int
) -> None:
    path = unique_path(str(SLICED), options)
    download = stack.client.request(path)
    ready = stack.client.receive_end(download, 60)
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(SLICED, version)
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    outcomes = re.findall(r'"outcome": ?"(\w+)"', " ".join(outputs_of(stack, download)))
    assert {"PLANNED", "RESTART", "STORED"} <= set(outcomes)
    assert stack.operator.uploads(download) == []
    if stack.cloud.target is Target.EMULATOR:
        requests = [request for request in origin.requests if request.path == f"/{path}"]
        assert "range" not in requests[-1].headers


def test_a_cancel_between_parts_stops_the_workers_and_aborts_the_upload(stack: Stack) -> None:
    download = stack.client.request(unique_path(str(SLICED), SLOW_RATE))
    with stack.client.connect(download) as socket:
        wait_for(lambda: parts_of(stack, download), 20)
        assert stack.client.cancel(download).status == 202
        socket.receive("cancelled")
    wait_for(lambda: stack.operator.uploads(download), 15, until=is_absent)
    assert not stack.operator.has_object(download)
    assert stack.operator.download_item(download)["status"] == "CANCELLED"


def test_a_copy_too_large_for_one_map_runs_in_batches(stack: Stack) -> None:
    """The state machine runs with stand-ins for its functions: no file here has more slices than one Map takes."""
    cloud, source = stack.cloud, Path(batch_workers.__file__)
    name = f"batches-{secrets.token_hex(4)}"
    machines = cloud.client("stepfunctions")
    account = stack.outputs["stateMachineArn"].rpartition(":")[0]
    with ExitStack() as context:
        workers = {
            key: context.enter_context(small_function(cloud, source, key))
            for key in ("copy", "copy_slice", "complete", "deliver", "fail")
        }
        allowed = {"lambda:InvokeFunction": [*workers.values()], "states:StartExecution": [f"{account}:{name}"]}
        role = context.enter_context(service_role(cloud, "states", allowed))
        text = json.dumps(definition(**workers, concurrency=2, seconds=60))
        machine = machines.create_state_machine(name=name, definition=text, roleArn=role)["stateMachineArn"]
        context.callback(machines.delete_state_machine, stateMachineArn=machine)
        execution = machines.start_execution(stateMachineArn=machine)["executionArn"]
        status = wait_for(
            lambda: machines.describe_execution(executionArn=execution)["status"],
            60,
            until=lambda now: now != "RUNNING",
        )
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in stack.operator.execution_events(execution)
            if "stateEnteredEventDetails" in event
        ]
    assert status == "SUCCEEDED"
    batch = ["CopySlices", "Complete", "Stored?"]
    assert entered == ["Copy", "Stored?", *batch, *batch, "Deliver"]
