"""REST: GET /downloads/{id}."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.executions import StepFunctions
from runtime.adapters.functions import LambdaFunctions
from runtime.adapters.signer import RoleSigner
from runtime.handlers.boundary import Answer, Request, RestSettings, answer, rest
from runtime.logic.ending.reconcile import Reconcile
from runtime.logic.requests.access import Access
from runtime.logic.requests.get_download import GetDownload
from runtime.logic.sockets.download_messages import DownloadMessages


@dataclass(frozen=True)
class Settings(RestSettings):
    """The environment variables."""

    downloads_table: str
    state_machine_arn: str
    bucket: str
    signer_role_arn: str
    url_expires_seconds: int
    fail_function: str


@cache
def build_use_case() -> GetDownload:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, clock = DynamoDownloads(settings.downloads_table), SystemClock()
    executions = StepFunctions(settings.state_machine_arn)
    signer = RoleSigner(settings.signer_role_arn, settings.bucket, settings.url_expires_seconds)
    startup.prepare(downloads, signer)
    return GetDownload(
        access=Access(downloads, clock, settings.state_machine_arn),
        reconcile=Reconcile(downloads, executions, LambdaFunctions(), clock, settings.fail_function),
        download_messages=DownloadMessages(signer),
    )


startup.run(build_use_case)


@rest
def handler(request: Request) -> Answer:
    """Answer with the status, and a new URL if it is READY."""
    return answer(200, build_use_case().run(request.path_parameters.get("id", ""), request.ticket))
