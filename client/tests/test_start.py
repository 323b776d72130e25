"""The start of the commands, before they handle signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SLOW_PACKAGE = "import time\nprint('importing', flush=True)\ntime.sleep(30)\n"


@pytest.mark.parametrize("command", ["async-download", "async-download-admin"])
def test_ctrl_c_while_the_command_imports_its_modules_is_no_traceback(command: str, tmp_path: Path) -> None:
    package = tmp_path / "async_download_client"
    package.mkdir()
    (package / "__init__.py").write_text(SLOW_PACKAGE, encoding="utf-8")
    program = [str(Path(sys.executable).with_name(command)), "--help"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, env=environment, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 130
