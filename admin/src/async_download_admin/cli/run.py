"""Runs the command in the parsed arguments."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from async_download_client.cli.output import print_progress

from async_download_admin import outputs
from async_download_admin.auth import choose_auth
from async_download_admin.aws import open_aws
from async_download_admin.commands import Result
from async_download_admin.commands.cancel import cancel
from async_download_admin.commands.doctor import doctor
from async_download_admin.commands.drain import Drain
from async_download_admin.commands.list_downloads import Selection, list_downloads
from async_download_admin.commands.redrive import redrive
from async_download_admin.commands.revoke import revoke
from async_download_admin.commands.show import show
from async_download_admin.commands.smoke import Request, Smoke
from async_download_admin.executions import FAILED
from async_download_admin.outputs import StackOutputs
from async_download_admin.permissions import COMMANDS, policy
from async_download_admin.stack import Stack

Command = Callable[[Stack, argparse.Namespace], Result]


def run(arguments: argparse.Namespace) -> Result:
    """Run the command; raises AdminError."""
    stack_outputs = read_outputs(arguments)
    if arguments.command == "policy":
        document = policy(arguments.commands or list(COMMANDS), stack_outputs)
        return Result(document, json.dumps(document, indent=2))
    aws = open_aws(
        stack_outputs,
        arguments.command,
        profile=arguments.profile,
        region=arguments.region,
        endpoint_url=arguments.endpoint_url,
    )
    stack = Stack(stack_outputs, aws)
    if arguments.command != "doctor":  # which reports it as its first check
        aws.check_account(stack_outputs)
    return _COMMANDS[arguments.command](stack, arguments)


def read_outputs(arguments: argparse.Namespace) -> StackOutputs:
    """Return the outputs of the stack that the options name; raises OutputsError."""
    if arguments.local:
        return outputs.read_local()
    if arguments.outputs:
        return outputs.read_file(arguments.outputs)
    return outputs.read_pulumi(arguments.stack)


def _show(stack: Stack, arguments: argparse.Namespace) -> Result:
    return show(stack, arguments.download, logs=arguments.logs)


def _list(stack: Stack, arguments: argparse.Namespace) -> Result:
    statuses: list[str | None] = [None]
    if arguments.running:
        statuses = ["RUNNING"]
    elif arguments.failed:
        statuses = [*FAILED]
    selection = Selection(arguments.since, statuses, arguments.origin, arguments.code, arguments.limit)
    return list_downloads(stack, selection)


def _redrive(stack: Stack, arguments: argparse.Namespace) -> Result:
    return redrive(stack, apply=arguments.yes, limit=arguments.limit)


def _drain(stack: Stack, arguments: argparse.Namespace) -> Result:
    command = Drain(stack, print_progress)
    return command.undo() if arguments.undo else command.run(arguments.timeout, before_destroy=arguments.before_destroy)


def _smoke(stack: Stack, arguments: argparse.Namespace) -> Result:
    auth = choose_auth(stack.outputs, stack.aws.session, stack.aws.command)
    return Smoke(stack, auth, Request(arguments.path, arguments.origin, arguments.timeout)).run()


_COMMANDS: dict[str, Command] = {
    "show": _show,
    "list": _list,
    "redrive": _redrive,
    "revoke": lambda stack, arguments: revoke(stack, arguments.download),
    "cancel": lambda stack, arguments: cancel(stack, arguments.download),
    "drain": _drain,
    "smoke": _smoke,
    "doctor": lambda stack, _: doctor(stack),
}
