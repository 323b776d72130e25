"""Serve LocalStack's Step Functions; the Python that has LocalStack runs this file.

Executions call the services at the URLs in ENDPOINTS (a JSON object: service -> URL), with the key in ENDPOINTS_KEY_ID
and ENDPOINTS_SECRET.
"""

import json
import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

ENDPOINTS: dict[str, str] = json.loads(os.environ["ENDPOINTS"])
CONFIG = Config(
    parameter_validation=False,  # definitions may have parameters that botocore refuses
    retries={"total_max_attempts": 1},
    read_timeout=1000,
    max_pool_connections=64,
)


@cache
def client(service: str, region: str) -> Any:
    """Return the client of a service on its emulator, with the root key."""
    session = botocore.session.Session()
    session.set_credentials(os.environ["ENDPOINTS_KEY_ID"], os.environ["ENDPOINTS_SECRET"])
    return session.create_client(service, region_name=region, endpoint_url=ENDPOINTS[service], config=CONFIG)


class Clients:
    """Replacement of `localstack.aws.connect.connect_to`."""

    def __init__(self, region_name: str, **_identity: str) -> None:
        self.logs = client("logs", region_name)


def main() -> None:
    """Point the interpreter's clients to the endpoints, then serve."""
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
        state_task_service_aws_sdk,
    )
    from localstack.services.stepfunctions.asl.eval.event import logging
    from localstack.services.stepfunctions.backend import execution

    for module in (lambda_eval_utils, state_task_service_aws_sdk):
        module.boto_client_for = lambda service, region, state_credentials: client(service, region)  # noqa: ARG005
    logging.connect_to = Clients
    execution.Execution._get_events_client = lambda self: client("events", self.region_name)

    from localstack.runtime.main import main as serve

    serve()


if __name__ == "__main__":
    main()
