"""The state machine that copies."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download import names, service_policies, state_machine
from async_download.functions import Functions, key_of, with_key
from async_download.machines import machine_options, machine_policy
from async_download.observability import log_group
from async_download.roles import service_role
from async_download.scope import Scope
from async_download.tables import Tables

PART = "transfer"
WORKERS = ("copy", "copy_slice", "complete", "deliver", "fail")


class Transfer:
    """Copies, in slices when a file is large, then tells."""

    def __init__(self, scope: Scope, functions: Functions, tables: Tables) -> None:
        self.machine = _machine(scope, {key: functions[key].arn for key in WORKERS}, tables)


def _machine(scope: Scope, arns: Mapping[str, pulumi.Output[str]], tables: Tables) -> aws.sfn.StateMachine:
    settings, name, copies = scope.settings, scope.physical(PART), tables.copies
    group = log_group(scope, PART, "/aws/vendedlogs/states")
    role = service_role(scope, PART, "Runs the state machine of the downloads.", "states.amazonaws.com", tables.account)
    attached = machine_policy(
        scope,
        PART,
        role,
        with_key(service_policies.state_machine),
        functions=list(arns.values()),
        machine=arns["copy"].apply(lambda arn: names.machine_arn(arn, name)),
        tracing=settings.observability.tracing,
        copies=copies.arn if copies else None,
        **key_of(scope),
    )
    return aws.sfn.StateMachine(
        scope.logical(PART),
        name=name,
        type="STANDARD",
        definition=pulumi.Output.all(**arns, copies=copies.name if copies else None).apply(
            lambda known: json.dumps(
                state_machine.definition(
                    **known,
                    concurrency=settings.copying.concurrency,
                    seconds=settings.retention.download_expires_seconds,
                    children=settings.cloud.slice_execution_type,
                )
            )
        ),
        role_arn=role.arn,
        logging_configuration={
            "level": "ERROR",
            "include_execution_data": False,
            "log_destination": pulumi.Output.concat(group.arn, ":*"),
        },
        tracing_configuration={"enabled": settings.observability.tracing},
        tags=scope.tags,
        opts=machine_options(scope, attached),
    )
