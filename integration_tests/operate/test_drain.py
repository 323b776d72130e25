"""`drain` and `drain --undo` on a stack whose emulator throttles functions as AWS does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.conftest import deploy_stack
from integration_tests.operate.operator_command import OperatorCommand
from integration_tests.support.clouds import Target, throttling_cloud
from integration_tests.support.settings import config_for, origins_for
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin


@pytest.fixture(scope="module")
def throttled(
    request: pytest.FixtureRequest, origin: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on an emulator of its own that throttles as AWS does."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("A drain stops the requests of other tests: use --target emulator.")
    with (
        throttling_cloud(tmp_path_factory.mktemp("draining")) as cloud,
        origins_for(cloud, origin.base_url, None) as origins,
        deploy_stack(request, cloud, "drained", config_for(cloud, origins, {"auth.type": "none"})) as stack,
    ):
        yield stack


@pytest.fixture
def operator(throttled: Stack, tmp_path: Path) -> OperatorCommand:
    """The command on the stack."""
    return OperatorCommand(throttled, tmp_path)


def concurrency(stack: Stack) -> int | None:
    name = stack.operator.function_name("request_download")
    response = stack.cloud.client("lambda").get_function_concurrency(FunctionName=name)
    value: int | None = response.get("ReservedConcurrentExecutions")
    return value


@pytest.mark.parametrize("former", [None, 7])
def test_a_drained_stack_answers_503_and_accepts_requests_again_after_undo(
    throttled: Stack, operator: OperatorCommand, former: int | None
) -> None:
    functions, name = throttled.cloud.client("lambda"), throttled.operator.function_name("request_download")
    tags = functions.list_tags(Resource=functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"])[
        "Tags"
    ]
    if former is not None:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=former)
    running = throttled.client.request(unique_path("2MB", "rate=400000"))
    early = operator.run("drain", "--timeout", "1")
    assert (early.exit_code, early.content["error"]["code"]) == (5, "WAIT_TIMEOUT")
    answer = throttled.client.post(unique_path("1MB"))
    assert (answer.status, answer.body["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
    drained = operator.run("drain", "--timeout", "60", "--before-destroy")
    assert drained.exit_code == 0, drained.errors
    assert drained.content["formerConcurrency"] == former
    assert throttled.operator.execution_status(running) == "SUCCEEDED"
    assert operator.run("drain", "--undo").content == {"isDrained": False, "concurrency": former}
    assert concurrency(throttled) == former
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    assert functions.list_tags(Resource=arn)["Tags"] == tags
    assert operator.run("drain", "--undo").exit_code == 0
    accepted = throttled.client.request(unique_path("1MB"))
    assert throttled.operator.wait_until_ended(accepted) == "SUCCEEDED"
