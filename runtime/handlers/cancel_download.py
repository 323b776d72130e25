"""REST: DELETE /downloads/{id}."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.executions import StepFunctions
from runtime.adapters.functions import LambdaFunctions
from runtime.handlers.boundary import Answer, Request, RestSettings, answer, rest
from runtime.logic.ending.cancel import Cancel
from runtime.logic.requests.access import Access
from runtime.logic.requests.cancel_download import CancelDownload


@dataclass(frozen=True)
class Settings(RestSettings):
    """The environment variables."""

    downloads_table: str
    state_machine_arn: str
    fail_function: str


@cache
def build_use_case() -> CancelDownload:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, clock = DynamoDownloads(settings.downloads_table), SystemClock()
    executions, functions = StepFunctions(settings.state_machine_arn), LambdaFunctions()
    startup.prepare(downloads, executions, functions)
    return CancelDownload(
        access=Access(downloads, clock, settings.state_machine_arn),
        cancel=Cancel(downloads, executions, functions, clock, settings.fail_function),
    )


startup.run(build_use_case)


@rest
def handler(request: Request) -> Answer:
    """Cancel the download."""
    return answer(202, build_use_case().run(request.path_parameters.get("id", ""), request.ticket))
