"""The commands of the local cloud: `python -m localcloud --help`."""

import argparse
import contextlib
import importlib
import io
import os
import sys
from pathlib import Path

from local_provider.errors import EngineError
from localcloud.errors import LocalCloudError
from localcloud.paths import EMULATOR_WORD, WORD
from localcloud.signals import Stopped, stoppable


def main(argv: list[str] | None = None) -> int:
    """Run a command; the exit code is 0, 1 after an error, 2 for wrong arguments."""
    _prepare_process()
    arguments = argv if argv is not None else sys.argv[1:]
    if arguments[:1] == ["demo"]:  # the demo parses its own arguments
        return int(importlib.import_module("localcloud.demo").main(arguments[1:]))
    parsed = _parser().parse_args(arguments)
    try:
        return _run(parsed)
    except (LocalCloudError, EngineError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _prepare_process() -> None:
    """Escape characters that the terminal's encoding lacks; ignore the configuration of another Pulumi program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for name in ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS"):  # which Pulumi sets for its own children
        os.environ.pop(name, None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description="The whole stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="the whole journey: deploy, request, wait, download, verify, clean up")
    serve = commands.add_parser("serve", help="keep the stack up until Ctrl-C")
    serve.add_argument("--origin", metavar="URL", help="serve files of this origin (default: the demo's own)")
    emulator = commands.add_parser("emulator", help="keep MiniStack up until Ctrl-C, without a stack")
    emulator.add_argument("--port", type=int, default=4566, help="its port (default: %(default)s)")
    emulator.add_argument(
        "--directory", type=Path, default=EMULATOR_WORD, help="folder of outputs.json (default: %(default)s)"
    )
    env = commands.add_parser("env", help='set the AWS variables of what runs: eval "$(python -m localcloud env)"')
    tables = commands.add_parser("tables", help="print the items of the running stack's tables")
    invoke = commands.add_parser("invoke", help="run one handler on an event, as the function of the running stack")
    invoke.add_argument("handler", help="e.g. deliver")
    invoke.add_argument("event", type=Path, help="e.g. events/deliver.json")
    invoke.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the event: a.b.c=value")
    invoke.add_argument("--debug", type=int, metavar="PORT", help="wait for a debugger on this port first")
    for command in (serve, env, tables, invoke):
        command.add_argument("--directory", type=Path, default=WORD, help="folder of outputs.json (.localcloud)")
    return parser


def _run(parsed: argparse.Namespace) -> int:
    """Run the parsed command; each imports only what it needs, so that it starts fast."""
    if parsed.command == "serve":
        with stoppable(), contextlib.suppress(Stopped):  # a signal may come while modules are imported
            from localcloud.serve import serve

            serve(parsed.origin, parsed.directory)
        print("Stopped; nothing is left running.")
        return 0
    if parsed.command == "emulator":
        with stoppable(), contextlib.suppress(Stopped):
            from localcloud.serve import serve_emulator

            serve_emulator(parsed.port, parsed.directory)
        print("Stopped; nothing is left running.")
        return 0
    if parsed.command == "env":
        from localcloud.shell_environment import print_environment

        return print_environment(parsed.directory)
    if parsed.command == "tables":
        from localcloud.tables import show_tables

        return show_tables(parsed.directory)
    from localcloud.invoke import invoke

    return invoke(parsed.handler, parsed.event, parsed.set, parsed.debug, parsed.directory)


if __name__ == "__main__":
    sys.exit(main())
