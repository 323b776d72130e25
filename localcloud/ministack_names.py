"""Private names of MiniStack, tried on ministack 1.5.33.

MiniStack has no interface for what is changed here, so that its modules are changed in place before it starts.
`tests/local_provider/test_private_names.py` says which names an upgrade has moved.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from local_provider.private_names import PrivateNames

NAMES = PrivateNames("ministack", tried_on="1.5.33")
PURPOSES = {
    "ministack.app:AUTH": "see that requests are checked",
    "ministack.app:app": "put the filter and the observer in front",
    "ministack.app:main": "run the emulator",
    "ministack.app:_s3_cors_target": "tell requests for a bucket of a web page from others",
    "ministack.core.iam_evaluator:find_iam_access_key_account": "accept the access keys of IAM users",
    "ministack.core.iam_evaluator:evaluate": "record IAM's decisions about permissions",
    "ministack.core.lambda_runtime:_detect_runtime_binary": "start functions from a server that has loaded botocore",
    "ministack.core.lambda_runtime:Worker": "end and delay calls of functions",
    "ministack.core.lambda_runtime:acquire_worker": "call WebSocket routes in parallel",
    "ministack.core.lambda_runtime:release_worker": "call WebSocket routes in parallel",
    "ministack.core.lambda_runtime:ensure_spawned": "end calls of functions, but not their start",
    "ministack.core.lambda_runtime:get_or_create_worker": "call WebSocket routes in parallel",
    "ministack.core.lambda_runtime:execution_credentials": "give functions random access keys",
    "ministack.services.sts:_sessions": "accept the access keys of assumed roles",
    "ministack.services.sts:register_session": "give functions random access keys",
    "ministack.services.apigateway:_invoke_ws_lambda": "lose calls of WebSocket routes",
    "ministack.services.lambda_svc:_execute_function_warm": "throttle functions",
    "ministack.services.lambda_svc:_throttle_response": "throttle functions",
    "ministack.services.lambda_svc:_functions": "end workers of versions, and limit the concurrency of versions",
    "ministack.services.lambda_svc:_update_config": "end workers of versions",
    "ministack.services.lambda_svc:invalidate_worker": "end workers of versions",
    "ministack.services.lambda_svc:_reserved_concurrency": "limit the concurrency of versions",
    "ministack.services.apigateway_v1:_call_lambda_raw": "answer like AWS when a function fails",
    "ministack.services.stepfunctions:_call_lambda": "fail like AWS when a function is throttled",
    "ministack.services.stepfunctions:_ExecutionError": "fail like AWS when a function is throttled",
}
"""Every private name that this project uses -> its purpose."""


def find(path: str) -> Any:
    """Return one of the names in `PURPOSES`."""
    return NAMES.find(path, PURPOSES[path])


def replace_app(wrap: Callable[[Any], Any]) -> None:
    """Replace the emulator's ASGI application."""
    from ministack import app

    app.app = wrap(find("ministack.app:app"))


def replace_function_credentials(credentials: Callable[[Mapping[str, Any]], dict[str, str]]) -> None:
    """Replace the access keys that functions get, which MiniStack computes from their ARN."""
    from ministack.core import lambda_runtime

    find("ministack.core.lambda_runtime:execution_credentials")
    lambda_runtime.execution_credentials = credentials


def replace_python(program: str) -> None:
    """Replace the interpreter that functions in Python are started with."""
    from ministack.core import lambda_runtime

    detect = find("ministack.core.lambda_runtime:_detect_runtime_binary")

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return program if binary == sys.executable else binary, script

    lambda_runtime._detect_runtime_binary = detect_runtime_binary
