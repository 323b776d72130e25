"""Change MiniStack so that throttled and failing functions look as they do on AWS.

MiniStack's Step Functions names the error of a throttled function `Lambda.Unknown`; AWS names it
`Lambda.TooManyRequestsException`. MiniStack's reserved concurrency limits calls without a version only; that of AWS
limits all versions of a function together. MiniStack's API Gateway returns a function's own error to callers; AWS sends
a gateway response.
"""

from __future__ import annotations

import json
from typing import Any

THROTTLED = "Lambda.TooManyRequestsException"


def is_throttled(cause: str) -> bool:
    """Return whether the cause of a failed task is Lambda's refusal to run the function."""
    try:
        body = json.loads(cause)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("__type") == "TooManyRequestsException"


def name_throttling(states: Any) -> None:
    """Give the error of a throttled task the name that it has on AWS."""
    call = states._call_lambda

    def call_lambda(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except states._ExecutionError as error:
            if is_throttled(error.cause):
                raise states._ExecutionError(THROTTLED, error.cause) from None
            raise

    states._call_lambda = call_lambda


def limit_versions(functions: Any) -> None:
    """Apply a function's reserved concurrency to calls of its versions."""
    reserved_concurrency = functions._reserved_concurrency

    def reserved_concurrency_of_function(function: Any, config: Any) -> Any:
        return reserved_concurrency(functions._functions.get(config["FunctionName"], function), config)

    functions._reserved_concurrency = reserved_concurrency_of_function


def send_gateway_responses(gateway: Any) -> None:
    """Answer a call of a throttled or failing function with an error of the gateway."""
    call = gateway._call_lambda_raw

    async def call_lambda(*args: Any, **options: Any) -> tuple[Any, str | None]:
        result, error = await call(*args, **options)
        if error is None and result.get("error"):
            return None, "The function did not answer."
        return result, error

    gateway._call_lambda_raw = call_lambda


def install(path: str) -> None:
    """Change the emulator that this process is about to run."""
    from ministack.services import apigateway_v1, lambda_svc, stepfunctions

    from integration_tests.support import function_server

    function_server.install(path)
    name_throttling(stepfunctions)
    limit_versions(lambda_svc)
    send_gateway_responses(apigateway_v1)
