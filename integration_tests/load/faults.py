"""Puts the faults into the emulator that this process is about to run; an observer of `localcloud.emulator`."""

from __future__ import annotations

from pathlib import Path


def install(path: str) -> None:
    """Change the emulator; `path` is the file of records."""
    from integration_tests.load import function_faults
    from integration_tests.load.injector import Injector
    from integration_tests.load.request_faults import with_request_faults
    from integration_tests.load.socket_faults import with_socket_faults
    from integration_tests.support import throttling
    from localcloud.ministack_names import replace_app

    injector = Injector(Path(path))
    throttling.install(path)
    function_faults.install(injector)
    replace_app(lambda app: with_socket_faults(with_request_faults(app, injector), injector))
