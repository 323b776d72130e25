"""The Lambda functions, each with a role and a log group of its own, and the role that signs URLs."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import keys, limits, policies, service_policies
from async_download.bundle import runtime_archive
from async_download.observability import log_group, tracing_mode
from async_download.roles import service_role
from async_download.scope import Scope, policy
from async_download.settings import Settings
from async_download.specs import FUNCTIONS, SPECS, hyphenated
from async_download.statements import Statement

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
SIGNING = ("get_download", "message", "deliver")
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1024**2)}  # the C library gives buffers back instead of cutting them up


class Functions:
    """Roles come first, for they name each other; functions follow as what they need exists."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        specs = SPECS if scope.settings.api.web_page else FUNCTIONS
        self._roles = {
            key: service_role(scope, hyphenated(key), spec.description, "lambda.amazonaws.com")
            for key, spec in specs.items()
        }
        self._made: dict[str, aws.lambda_.Function] = {}

    def __getitem__(self, key: str) -> aws.lambda_.Function:
        return self._made[key]

    @property
    def names(self) -> pulumi.Output[dict[str, str]]:
        """Key -> name in AWS."""
        return pulumi.Output.all(**{key: made.name for key, made in self._made.items()})

    def signer(self, bucket: pulumi.Output[str]) -> aws.iam.Role:
        """The role that URLs are signed with; it can read copies and nothing else."""
        scope, roles = self._scope, [self._roles[key].arn for key in SIGNING]
        role = aws.iam.Role(
            scope.logical("signer-role"),
            name=scope.physical("signer"),
            description="Signs the URLs of finished downloads.",
            assume_role_policy=pulumi.Output.all(*roles).apply(
                lambda arns: json.dumps(service_policies.signer_trust(arns))
            ),
            tags=scope.tags,
            opts=scope.named(),
        )
        rights = policy(with_key(policies.signer), bucket=bucket, prefix=scope.settings.storage.prefix, **key_of(scope))
        _attach(scope, "signer", role, rights)
        return role

    def add(
        self,
        key: str,
        environment: Mapping[str, pulumi.Input[str]],
        files: Mapping[str, pulumi.Input[str]] | None = None,
        **access: Any,
    ) -> aws.lambda_.Function:
        """Make a function: its environment, further files of its archive, and the ARNs that `policies.{key}` wants."""
        scope, spec, part = self._scope, SPECS[key], hyphenated(key)
        group = log_group(scope, part, "/aws/lambda")
        rights = policy(with_key(_statements(key, scope.settings)), log_group=group.arn, **key_of(scope), **access)
        attached = _attach(scope, part, self._roles[key], rights)
        self._made[key] = aws.lambda_.Function(
            scope.logical(part),
            name=scope.physical(part),
            description=spec.description,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"runtime.handlers.{key}.handler",
            code=_build_archive(key, files or {}),
            role=self._roles[key].arn,
            timeout=spec.timeout,
            memory_size=scope.settings.copying.memory_mb if spec.copies else spec.memory_mb,
            vpc_config=scope.settings.vpc.vpc_config if spec.copies else None,
            reserved_concurrent_executions=reserved(scope.settings, key),
            environment={
                "variables": _check_environment(key, {**environment, **ALLOCATOR} if spec.copies else environment),
            },
            logging_config={
                "log_format": "JSON",
                "log_group": group.name,
                "application_log_level": "INFO",
                "system_log_level": "INFO",
            },
            tracing_config={"mode": tracing_mode(scope)},
            tags=scope.tags,
            opts=scope.named(group, attached),
        )
        return self._made[key]

    def configure_async_calls(self, undelivered: pulumi.Output[str]) -> None:
        """Bound how long and how often asynchronous calls are tried, as `specs` says; keep those that failed."""
        for key, spec in FUNCTIONS.items():
            if spec.asynchronous is None:
                continue
            aws.lambda_.FunctionEventInvokeConfig(
                self._scope.logical(f"{hyphenated(key)}-async"),
                function_name=self._made[key].name,
                maximum_event_age_in_seconds=spec.asynchronous.max_age_seconds,
                maximum_retry_attempts=spec.asynchronous.retries,
                destination_config={"on_failure": {"destination": undelivered}},
                opts=self._scope.child(),
            )


def _build_archive(key: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Input[pulumi.Archive]:
    if not files:
        return runtime_archive(key)
    return pulumi.Output.all(**files).apply(lambda texts: runtime_archive(key, texts=texts))


def _check_environment(key: str, environment: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[dict[str, str]]:
    return pulumi.Output.all(**environment).apply(lambda variables: limits.check_environment(key, variables))


def permit(scope: Scope, part: str, function: aws.lambda_.Function, service: str, source: pulumi.Input[str]) -> Any:
    """Let one source of a service call a function."""
    return aws.lambda_.Permission(
        scope.logical(f"{part}-permission"),
        statement_id=part,
        action="lambda:InvokeFunction",
        function=function.name,
        principal=service,
        source_arn=source,
        opts=scope.child(),
    )


def reserved(settings: Settings, key: str) -> int | None:
    """Executions that are kept for a function, which then never has more; None shares the account's."""
    reservations = {
        "request_download": settings.api.reserved_concurrency,
        "connect": settings.websocket.reserved_concurrency,
        "copy": settings.copying.reserved_concurrency,
        "copy_slice": settings.copying.slice_reserved_concurrency,
    }
    return reservations.get(key) or None


def key_of(scope: Scope) -> dict[str, pulumi.Input[str]]:
    """What `with_key` has to know."""
    return (
        {} if scope.settings.encryption.kms_key_arn is None else {"kms_key_arn": scope.settings.encryption.kms_key_arn}
    )


def with_key(build: Any) -> Any:
    """The same statements, and the use of the stack's key where it has one."""

    def known(kms_key_arn: str | None = None, **access: Any) -> list[Statement]:
        statements: list[Statement] = build(**access)
        return keys.with_key(statements, kms_key_arn) if kms_key_arn else statements

    return known


def _statements(key: str, settings: Settings) -> Any:
    def build(log_group: str, **access: Any) -> list[Statement]:
        statements: list[Statement] = [*getattr(policies, key)(**access), policies.own_logs(log_group)]
        if settings.observability.tracing:
            statements.append(policies.function_tracing())
        if settings.vpc and SPECS[key].copies:
            statements.append(policies.function_network())
        return statements

    return build


def _attach(scope: Scope, part: str, role: aws.iam.Role, rights: pulumi.Output[str]) -> aws.iam.RolePolicy:
    return aws.iam.RolePolicy(
        scope.logical(f"{part}-policy"), name=part, role=role.name, policy=rights, opts=scope.child()
    )
