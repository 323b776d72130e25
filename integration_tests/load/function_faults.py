"""Faults of functions in the emulator: killed during a call, throttled, slow, and `$disconnect` that is not called."""

from __future__ import annotations

import json
import threading
import time
from contextvars import ContextVar
from typing import Any

from integration_tests.load import schedule
from integration_tests.load.injector import Injector, find_download
from localcloud.ministack_names import find

KILL_SECONDS = (0.0, 0.15)  # after the start of the call, most of which take 10 to 150 ms
SLOW_SECONDS = (0.3, 2.0)
HANDSHAKE: ContextVar[list[int] | None] = ContextVar("handshake", default=None)
"""Gets the status that `$connect` returned, in the task of a WebSocket."""
_THROTTLED = (
    "ReservedFunctionConcurrentInvocationLimitExceeded",
    "Rate Exceeded: injected",
)


def install(injector: Injector) -> None:
    """Let calls of functions meet faults."""
    _call_routes_in_parallel()
    _slow_and_kill(injector)
    _throttle(injector)
    _fail_routes(injector)


def _call_routes_in_parallel() -> None:
    """Give each call of a WebSocket route a worker of its own, as AWS does; MiniStack has one for each function."""
    from ministack.core import lambda_runtime

    acquire = find("ministack.core.lambda_runtime:acquire_worker")
    release = find("ministack.core.lambda_runtime:release_worker")
    find("ministack.core.lambda_runtime:get_or_create_worker")

    class LeasedWorker:
        """A worker that is released after its call."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._worker, _ = acquire(*args, **options)

        def invoke(self, *args: Any, **options: Any) -> Any:
            try:
                return self._worker.invoke(*args, **options)
            finally:
                release(self._worker)

    lambda_runtime.get_or_create_worker = LeasedWorker


def _slow_and_kill(injector: Injector) -> None:
    worker_class = find("ministack.core.lambda_runtime:Worker")
    ensure_spawned = find("ministack.core.lambda_runtime:ensure_spawned")
    invoke = worker_class.invoke

    def invoke_with_faults(worker: Any, event: Any, *args: Any, **options: Any) -> dict[str, Any]:
        fault = injector.draw((schedule.SLOW, schedule.KILL))
        download = find_download(json.dumps(event)) if fault else None
        if fault == schedule.SLOW:
            injector.record(fault, worker.func_name, download)
            time.sleep(injector.uniform(*SLOW_SECONDS))
        if fault != schedule.KILL:
            return dict(invoke(worker, event, *args, **options))
        ensure_spawned(worker)  # MiniStack ends all workers of a function when one is killed while it starts
        running = threading.Event()
        running.set()

        def kill() -> None:
            process = worker._proc
            if running.is_set() and process is not None:
                injector.record(schedule.KILL, worker.func_name, download)
                process.kill()

        timer = threading.Timer(injector.uniform(*KILL_SECONDS), kill)
        timer.start()
        try:
            return dict(invoke(worker, event, *args, **options))
        finally:
            running.clear()
            timer.cancel()

    worker_class.invoke = invoke_with_faults


def _throttle(injector: Injector) -> None:
    from ministack.services import lambda_svc

    execute = find("ministack.services.lambda_svc:_execute_function_warm")
    throttle_response = find("ministack.services.lambda_svc:_throttle_response")

    def execute_unless_throttled(function: Any, event: Any, request_id: str) -> Any:
        if injector.draw((schedule.THROTTLE,)):
            name = (function.get("config") or function).get("FunctionName", "")
            injector.record(schedule.THROTTLE, name, find_download(json.dumps(event)))
            return throttle_response(*_THROTTLED)
        return execute(function, event, request_id)

    lambda_svc._execute_function_warm = execute_unless_throttled


def _fail_routes(injector: Injector) -> None:
    """Answer WebSocket routes as API Gateway does when the function fails or is throttled."""
    from ministack.services import apigateway

    call_route = find("ministack.services.apigateway:_invoke_ws_lambda")

    async def call_route_with_faults(*args: Any, **options: Any) -> Any:
        connection_id, event_type = args[5], args[6]
        if event_type == "DISCONNECT" and injector.draw((schedule.DISCONNECT_LOST,)):
            injector.record(schedule.DISCONNECT_LOST, connection_id, None)
            return None
        if event_type != "DISCONNECT" and injector.draw((schedule.THROTTLE,)):
            injector.record(schedule.THROTTLE, f"route {event_type}", None)
            response: Any = {"statusCode": 500, "body": ""}
        else:
            response = await call_route(*args, **options)
        status = int((response or {}).get("statusCode", 200))
        if event_type == "CONNECT" and (handshake := HANDSHAKE.get()) is not None:
            handshake.append(status)
        if event_type == "MESSAGE" and status >= 500:
            return {"statusCode": status, "body": json.dumps({"message": "Internal server error"})}
        return response

    apigateway._invoke_ws_lambda = call_route_with_faults
