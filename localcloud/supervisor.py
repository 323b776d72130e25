"""Runs a command until it or the parent process ends, then kills its children and removes its directory.

Started as a script with `python -I -S supervisor.py DIRECTORY COMMAND...`, so that it costs 20 ms and 8 MB. Its
standard input is a pipe that the starter holds open and never writes to: the pipe ends when the starter closes it, ends
or is killed, on every POSIX system. The command gets a session of its own, so that its whole process group (the
emulator and the interpreters that run functions) can be killed at once, and so that Ctrl-C in the terminal does not
reach it before the stack has been taken down. Nothing is lost by killing it: the emulator keeps everything in memory.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from types import FrameType


def main(directory: str, command: list[str]) -> int:
    """Run the command until it ends (its exit code is ours) or until standard input ends; then remove the directory."""
    child: subprocess.Popen[bytes] | None = None

    def stop(signum: int = 0, frame: FrameType | None = None) -> None:  # noqa: ARG001 - a signal handler's shape
        if child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM when only zombies are left
                os.killpg(child.pid, signal.SIGKILL)

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    code = child.wait()
    stop()  # processes of functions, when the emulator has ended by itself
    shutil.rmtree(directory, ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    # The reading thread may hold the lock of standard input: leave without the interpreter's tidying up.
    os._exit(main(sys.argv[1], sys.argv[2:]))
