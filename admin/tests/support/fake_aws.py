"""A fake of AWS below botocore: requests are built and checked as usual, and answered by functions of the test."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from async_download_admin.permissions import action_of
from botocore.exceptions import ClientError
from botocore.loaders import create_loader

Parameters = dict[str, Any]
Answer = Callable[[Parameters], Any] | Mapping[str, Any] | Exception

REGION, ACCOUNT = "eu-central-1", "111122223333"
PREFIX = "async-download-prod-files"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-transfer"
IDLE_CLOSER = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-closing"
ID = "0f8f0d5e3c0a4b7e9a1d2c3b4a5f6e7d"
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-transfer:{ID}"
QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{PREFIX}-undelivered"
FUNCTIONS = ("close", "copy", "deliver", "fail", "request_download")
BUCKET = "files-copies-3f9a2c1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1111-2222"
OUTPUTS: dict[str, Any] = {
    "apiUrl": f"https://rest123.execute-api.{REGION}.amazonaws.com/v1",
    "webSocketUrl": f"wss://socket456.execute-api.{REGION}.amazonaws.com/v1",
    "bucketName": BUCKET,
    "bucketRules": {
        "policyStatements": [
            {
                "Sid": "ForeignReaders",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{BUCKET}/downloads/*",
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
            }
        ],
        "lifecycleRule": {
            "ID": "async-download",
            "Status": "Enabled",
            "Filter": {"Prefix": "downloads/"},
            "Expiration": {"Days": 7},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    },
    "downloadsTableName": f"{PREFIX}-downloads",
    "connectionsTableName": f"{PREFIX}-connections",
    "stateMachineArn": MACHINE,
    "idleCloserMachineArn": IDLE_CLOSER,
    "deadLetterQueueUrl": QUEUE_URL,
    "keyPolicyStatements": [],
    "functionNames": {name: f"{PREFIX}-{name.replace('_', '-')}" for name in FUNCTIONS},
    "apiKeyId": None,
}


class FakeAws:
    """Answers calls: `answers` has `service.Operation` -> response, function of the parameters, or exception.

    Attributes:
        calls: the calls so far: `service.Operation` and parameters.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers: dict[str, Answer] = {
            "sts.GetCallerIdentity": {"Account": ACCOUNT, "Arn": "arn:aws:iam::1:user/u"}
        }
        self.answers |= answers or {}
        self.calls: list[tuple[str, Parameters]] = []

    def session(self, *_keys: object, **options: Any) -> boto3.Session:
        """Return a session whose calls are answered here; for `boto3.Session`."""
        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        region = options.get("region_name", REGION)
        session = _REAL_SESSION("key", "secret", region_name=region, botocore_session=core)
        session.events.register("before-parameter-build", self._record)
        session.events.register("before-call", self._answer)
        return session

    @property
    def names(self) -> list[str]:
        """The names of the calls."""
        return [name for name, _ in self.calls]

    @property
    def actions(self) -> set[str]:
        """The IAM actions of the calls."""
        return {action_of(*name.split(".")) for name in self.names if name != "sts.GetCallerIdentity"}

    def parameters(self, name: str) -> list[Parameters]:
        """Return the parameters of the calls of an operation."""
        return [parameters for call, parameters in self.calls if call == name]

    def _record(self, params: Parameters, model: Any, context: dict[str, Any], **_event: object) -> None:
        context["fake"] = _name(model), dict(params)
        self.calls.append(context["fake"])

    def _answer(self, context: dict[str, Any], **_event: object) -> tuple[Any, Any]:
        name, parameters = context["fake"]
        if name not in self.answers:
            raise AssertionError(f"No answer for {name}")
        answer = self.answers[name]
        response = answer(parameters) if callable(answer) and not isinstance(answer, Exception) else answer
        if isinstance(response, ClientError):
            status = response.response["ResponseMetadata"]["HTTPStatusCode"]
            return SimpleNamespace(status_code=status), dict(response.response)
        if isinstance(response, Exception):
            raise response
        return SimpleNamespace(status_code=200), {"ResponseMetadata": {}, **response}


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """Return the error of a call that AWS refuses."""
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "Operation")


def payload(content: bytes) -> io.BytesIO:
    """Return the payload of a response of Lambda."""
    return io.BytesIO(content)


def _name(model: Any) -> str:
    return f"{model.service_model.service_name}.{model.name}"


_REAL_SESSION = boto3.Session
_LOADER = create_loader()  # it keeps the models that it has read
