"""Starts the commands. It imports nothing of them, since Ctrl-C during their imports has to end without a traceback."""

import importlib
import signal


def run(module: str) -> int:
    """Import a module, call its `main`, and return the exit code."""
    try:
        return int(importlib.import_module(module).main())
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def main() -> int:
    """Run `async-download`."""
    return run("async_download_client.cli")
