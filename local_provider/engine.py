"""The embedded engine: runs a Pulumi program in this process, with the SDK's mock monitor and the stand-in provider.

The program is run as it is, by `runpy`, in a new thread, so that it does not share the SDK's
settings, which are in context variables, with the caller.
"""

import asyncio
import logging
import runpy
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pulumi.runtime import settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockEngine

from local_provider.errors import DeployError, DestroyError
from local_provider.monitor import Change, Monitor
from local_provider.provider import AwsProvider
from local_provider.pulumi_names import restored_settings, run_in_stack

_process_lock = threading.Lock()
"""The SDK's settings and `sys.modules["__main__"]` belong to the process."""


class Deployment:
    """The resources and outputs of a deployed program.

    Attributes:
        outputs: the stack's outputs, by the names that the program exports them under; secrets in clear.
        resources: the registered resources in the order of their creation.
        changes: resources that the last run has changed, by URN.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._read(monitor)

    def update(self, program: Path, project: str, stack: str, config: Mapping[str, str], provider: AwsProvider) -> None:
        """Run a program again, with the arguments of `run`: change what differs, delete what it does not register.

        Raises:
            DeployError: The program failed, or a resource was refused. What was changed until then stays changed.
        """
        monitor = Monitor(provider, self._monitor)
        failure = _run_in_thread(program, project, stack, config, monitor)
        left = monitor.delete_unregistered() if failure is None else []
        self._monitor = monitor  # after a failure, too: for `destroy`, and for another update
        if failure is None and not left:
            self._read(monitor)
            return
        raise _deploy_error(failure, left)

    def destroy(self) -> None:
        """Delete all resources in reverse order; a second call does nothing.

        Raises:
            DestroyError: Resources could not be removed; the rest was.
        """
        if failures := self._monitor.destroy():
            raise DestroyError("\n".join(failures))

    def _read(self, monitor: Monitor) -> None:
        self.outputs: dict[str, Any] = monitor.stack_outputs
        self.resources = list(monitor.registrations.values())
        self.changes: dict[str, Change] = dict(monitor.changes)


def run(program: Path, project: str, stack: str, config: Mapping[str, str], provider: AwsProvider) -> Deployment:
    """Run a program and create the resources that it registers.

    Args:
        program: the program's `__main__.py`.
        project: name of the project.
        stack: name of the stack.
        config: full keys -> text, as the program sees them.
        provider: makes the resources.

    Raises:
        DeployError: The program failed, or a resource was refused or could not be made. Created resources are removed.
    """
    monitor = Monitor(provider)
    failure = _run_in_thread(program, project, stack, config, monitor)
    if failure is None:
        return Deployment(monitor)
    raise _deploy_error(failure, monitor.destroy())


def _deploy_error(failure: BaseException | None, left: list[str]) -> DeployError:
    """Return the error of a deployment that failed, or that could not delete some resources."""
    if isinstance(failure, DeployError) and not left:
        return failure
    error = DeployError("\n".join([*([str(failure) or type(failure).__name__] if failure else []), *left]))
    error.__cause__ = failure
    return error


def _run_in_thread(
    program: Path, project: str, stack: str, config: Mapping[str, str], monitor: Monitor
) -> BaseException | None:
    """Run a program and return its failure, or the first one of its resources."""
    with _process_lock, restored_settings(), ThreadPoolExecutor(1, "pulumi-program") as executor:
        failure = executor.submit(_run, program, project, stack, config, monitor).exception()
    return monitor.failure or failure


def _run(program: Path, project: str, stack: str, config: Mapping[str, str], monitor: Monitor) -> None:
    settings.configure(
        settings.Settings(
            project=project,
            stack=stack,
            monitor=monitor,
            engine=MockEngine(logging.getLogger("localcloud.pulumi")),
            dry_run=False,
            organization="organization",
            root_directory=str(program.parent),
        )
    )
    set_all_config(dict(config), [])

    async def main() -> None:
        # The monitor reports a failure once; without this, futures that are no longer awaited would log it again.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await run_in_stack(lambda: runpy.run_path(str(program), run_name="__main__"))

    sys.path.insert(0, str(program.parent))  # the program imports modules of its folder, as with Pulumi's engine
    try:
        asyncio.run(main())
    finally:
        sys.path.remove(str(program.parent))
