"""The outputs of a stack: from a file, stdin, the Pulumi CLI, or the stack of `make local`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from async_download_admin.errors import OutputsError

LOCAL_OUTPUTS = Path(".localcloud", "outputs.json")
_PULUMI_SECONDS = 120
_MAX_BYTES = 1 << 20
_TEXTS = (
    "apiUrl",
    "bucketName",
    "connectionsTableName",
    "deadLetterQueueUrl",
    "downloadsTableName",
    "idleCloserMachineArn",
    "stateMachineArn",
    "webSocketUrl",
)
_FUNCTIONS = ("close", "deliver", "fail", "request_download")
_MACHINE_ARN = re.compile(
    r"arn:(?P<partition>[a-z-]+):states:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):stateMachine:.+"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class ApiStage:
    """Id and stage of an API."""

    api: str
    stage: str


@dataclass(frozen=True)
class LocalCloud:
    """The emulator of `make local`: its URL and keys."""

    endpoint: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)


class StackOutputs:
    """The outputs of one stack; raises OutputsError if they are not those of an async-download stack."""

    def __init__(self, content: object, source: str) -> None:
        if not isinstance(content, Mapping):
            raise OutputsError(f"{source} does not hold the outputs of a stack: a JSON object is expected.")
        self._content = content
        missing = [name for name in _TEXTS if not isinstance(content.get(name), str)]
        functions = content.get("functionNames")
        if not isinstance(functions, Mapping) or not set(_FUNCTIONS) <= functions.keys():
            missing.append("functionNames")
        if missing:
            raise OutputsError(
                f"{source} lacks {', '.join(missing)}. The program has to export the outputs of the component, as "
                "__main__.py does; after an upgrade run `pulumi up` first."
            )
        match = _MACHINE_ARN.fullmatch(content["stateMachineArn"])
        if match is None:
            raise OutputsError(f"stateMachineArn in {source} is not the ARN of a state machine.")
        self.partition, self.region, self.account = match.group("partition", "region", "account")
        self.function_names: Mapping[str, str] = {str(key): str(name) for key, name in dict(functions or {}).items()}

    def __getattr__(self, name: str) -> str:
        """Return a text output: `bucket_name` is bucketName."""
        first, *rest = name.split("_")
        value = self._content.get(first + "".join(word.capitalize() for word in rest))
        if name.startswith("_") or not isinstance(value, str):
            raise AttributeError(name)
        return value

    @property
    def machine_arns(self) -> tuple[str, str]:
        """The state machine of the downloads, and that of the idle closer."""
        return self.state_machine_arn, self.idle_closer_machine_arn

    @property
    def table_names(self) -> tuple[str, str]:
        """The Downloads table and the Connections table."""
        return self.downloads_table_name, self.connections_table_name

    @property
    def dead_letter_queue_name(self) -> str:
        """The name of the dead-letter queue."""
        return self.dead_letter_queue_url.rpartition("/")[2]

    @property
    def rest_stage(self) -> ApiStage:
        """The REST API and its stage."""
        return _api_stage(str(self._content.get("executeApiUrl") or self.api_url))

    @property
    def socket_stage(self) -> ApiStage:
        """The WebSocket API and its stage."""
        return _api_stage(str(self._content.get("webSocketExecuteApiUrl") or self.web_socket_url))

    @property
    def bucket_rules(self) -> Mapping[str, Any]:
        """The rules that the bucket needs; empty if the stack does not export them."""
        rules = self._content.get("bucketRules")
        return rules if isinstance(rules, Mapping) else {}

    @property
    def prefix(self) -> str:
        """The prefix of the keys of copies."""
        rule = self.bucket_rules.get("lifecycleRule") or {}
        return str((rule.get("Filter") or {}).get("Prefix", "downloads/"))

    @property
    def key_policy_statements(self) -> list[Mapping[str, Any]]:
        """The statements that the policy of the KMS key needs; none without such a key."""
        statements = self._content.get("keyPolicyStatements")
        return list(statements) if isinstance(statements, list) else []

    @property
    def key_arn(self) -> str | None:
        """The customer-managed KMS key; None without one."""
        resources = [str(statement.get("Resource", "")) for statement in self.key_policy_statements]
        return next((arn for arn in resources if arn.startswith("arn:")), None) or self._encryption_key

    @property
    def _encryption_key(self) -> str | None:
        rule = self.bucket_rules.get("encryptionRule") or {}
        key = (rule.get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID")
        return str(key) if key else None

    @property
    def api_key_id(self) -> str | None:
        """The id of the API key; None unless callers need one."""
        value = self._content.get("apiKeyId")
        return value if isinstance(value, str) else None

    @property
    def local_cloud(self) -> LocalCloud | None:
        """The emulator that the stack runs on; None for a stack on AWS."""
        values = [self._content.get(name) for name in ("awsEndpoint", "accessKeyId", "secretAccessKey")]
        return LocalCloud(*map(str, values)) if all(values) else None

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the stack's account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def log_group(self, function: str) -> str:
        """Return the name of a function's log group."""
        return f"{self._content.get('logGroupPrefix') or '/aws/lambda'}/{self.function_names[function]}"

    def execution_arn(self, download_id: str) -> str:
        """Return the ARN of a download's execution."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{download_id}"


def read_file(name: str) -> StackOutputs:
    """Read the JSON of `pulumi stack output --json`; `-` is stdin."""
    source = "stdin" if name == "-" else name
    try:
        if name == "-":
            text = (sys.stdin.buffer.read(_MAX_BYTES) if sys.stdin is not None else b"").decode("utf-8-sig")
        else:
            text = Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise OutputsError(f"{source} cannot be read: {error.strerror or error}.") from None
    except UnicodeError:
        raise OutputsError(f"{source} is not UTF-8.") from None
    return _parse(text, source)


def read_local() -> StackOutputs:
    """Read the outputs of the stack of `make local`."""
    if not LOCAL_OUTPUTS.is_file():
        raise OutputsError(
            f"There is no {LOCAL_OUTPUTS}: start a stack with `make local` in another terminal, and call this command "
            "in the folder of the repository."
        )
    return read_file(str(LOCAL_OUTPUTS))


def read_pulumi(stack: str) -> StackOutputs:
    """Ask the Pulumi CLI for the outputs of a stack."""
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PULUMI_SECONDS, check=False)  # noqa: S603
    except FileNotFoundError:
        raise OutputsError(
            "The Pulumi CLI is not on the PATH. Install it (https://www.pulumi.com/docs/install/), or save the output "
            "of `pulumi stack output --json` where it is installed and name the file with --outputs."
        ) from None
    except subprocess.TimeoutExpired:
        raise OutputsError(
            f"`pulumi stack output` did not end within {_PULUMI_SECONDS} s; is its backend up?"
        ) from None
    except OSError as error:
        raise OutputsError(f"The Pulumi CLI cannot be run: {error.strerror or error}.") from None
    if done.returncode:
        lines = [line for line in _ANSI.sub("", done.stderr.decode("utf-8", "replace")).splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise OutputsError(
            f"`pulumi stack output` failed for the stack {stack}: {reason.rstrip('.')}. Call it in the folder of the "
            "program, after `pulumi login`; `pulumi stack ls` lists the stacks."
        )
    return _parse(done.stdout.decode("utf-8", "replace"), f"the output of `pulumi stack output` for {stack}")


def _parse(text: str, source: str) -> StackOutputs:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise OutputsError(f"{source} is not JSON; `pulumi stack output --json` writes it.") from None
    return StackOutputs(content, source)


def _api_stage(url: str) -> ApiStage:
    """Return API and stage of `https://{api}.execute-api…/{stage}`, or of `http://host/…/{api}/{stage}`.

    In an existing REST API the path of a resource follows. Without a host of its own, the API follows `execute-api`.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", [part for part in parts.path.split("/") if part]
    if ".execute-api." in host and path:
        return ApiStage(host.partition(".")[0], path[0])
    if "execute-api" in path[:-3]:
        return ApiStage(*path[path.index("execute-api") + 1 :][:2])
    if len(path) < 2:
        raise OutputsError(f"{host} in the outputs is not the address of an API with its stage.")
    return ApiStage(path[-2], path[-1])
