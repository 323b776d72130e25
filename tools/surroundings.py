"""Runs `make demo` and the tests that depend on the machine in clones of this commit, each in other surroundings.

    python -m tools.surroundings [NAME ...]

Each clone installs its own `.venv`, so that the set-up is tried too. Logs stay in `.localcloud/surroundings`. The exit
code is 1 if a command failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".localcloud" / "surroundings"
TESTS = (
    "admin/tests/test_cli.py",
    "admin/tests/test_outputs.py",
    "client/tests/test_cli.py",
    "client/tests/test_commands.py",
    "client/tests/test_streams.py",
    "tests/localcloud/test_commands.py",
    "tests/localcloud/test_demo.py",
    "tests/localcloud/test_outputs_file.py",
    "tests/localcloud/test_private_files.py",
    "tests/runtime/test_log.py",
    "tests/tools",
)
COMMANDS = (("make", "demo"), ("make", "test-unit", f"TESTS={' '.join(TESTS)}"))
DEAD = "http://127.0.0.1:9"  # nothing listens there


@dataclass(frozen=True)
class Surroundings:
    """Variables, file mode mask (`umask`), folder, Python version and user; "" is what this machine has.

    `is_offline` surroundings reach no package registry, so `make setup` runs before, without the variables.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    folder: str = "clone"
    python: str = ""
    user: str = ""
    is_offline: bool = False


ALL = (
    Surroundings("dumb-terminal", {"TERM": "dumb", "COLUMNS": "20", "LINES": "5", "NO_COLOR": "1"}),
    Surroundings(
        "forced-colours", {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "PY_COLORS": "1", "TERM": "xterm", "COLUMNS": "0"}
    ),
    Surroundings(
        "ascii-locale",
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
    ),
    Surroundings("unknown-locale", {"LC_ALL": "tr_TR.ISO8859-9", "LANGUAGE": "tr", "PYTHONIOENCODING": "latin-1"}),
    Surroundings("time-zone", {"TZ": "Pacific/Chatham"}),
    Surroundings(
        "aws-variables",
        {
            "AWS_PROFILE": "absent",
            "AWS_REGION": "nowhere-1",
            "AWS_DEFAULT_REGION": "nowhere-2",
            "AWS_ENDPOINT_URL": DEAD,
            "AWS_CONFIG_FILE": "/nonexistent/config",
            "AWS_CA_BUNDLE": "/nonexistent/bundle.pem",
            "AWS_MAX_ATTEMPTS": "0",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_DEFAULTS_MODE": "absent",
            "AWS_STS_REGIONAL_ENDPOINTS": "absent",
            "BOTO_CONFIG": "/nonexistent/boto",
        },
    ),
    Surroundings(
        "pulumi-variables",
        {
            "PULUMI_BACKEND_URL": "s3://absent",
            "PULUMI_CONFIG": "no JSON",
            "PULUMI_CONFIG_SECRET_KEYS": "no JSON",
            "PULUMI_MONITOR": "127.0.0.1:9",
            "PULUMI_ENGINE": "127.0.0.1:9",
            "PULUMI_STACK": "absent",
            "PULUMI_DRY_RUN": "true",
            "PULUMI_HOME": "/nonexistent",
        },
    ),
    Surroundings(
        "proxy-variables",
        {"http_proxy": DEAD, "HTTP_PROXY": DEAD, "ALL_PROXY": "socks5://127.0.0.1:9", "no_proxy": "example.com"},
        is_offline=True,
    ),
    Surroundings(
        "python-variables",
        {
            "PYTHONWARNINGS": "error",
            "PYTHONOPTIMIZE": "2",
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": "/nonexistent",
            "PYTEST_ADDOPTS": "--no-such-option",
            "VIRTUAL_ENV": "/nonexistent",
            "UV_PROJECT_ENVIRONMENT": "/nonexistent",
            "PIP_USER": "1",
        },
    ),
    Surroundings("strict-umask", umask=0o077),
    Surroundings("spaces-and-umlauts", folder="a folder with späces & 'quotes'"),
    Surroundings("no-home", {"HOME": "/nonexistent"}),
    Surroundings("other-user", user="nobody"),
    Surroundings("python-3.12", python="3.12"),
    Surroundings("python-3.13", python="3.13"),
)


def main(argv: list[str] | None = None) -> int:
    """Run the named surroundings, or all; print a line for each command. Return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.surroundings", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(entry.name for entry in ALL))
    names = parser.parse_args(argv).names
    if unknown := set(names) - {entry.name for entry in ALL}:
        parser.error(f"there are no surroundings {', '.join(sorted(unknown))}")
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True).stdout:
        print("Changes that are not committed are not tried.")
    LOGS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as executor:
        return (
            0 if all(list(executor.map(try_in, [entry for entry in ALL if entry.name in (names or entry.name)]))) else 1
        )


def try_in(surroundings: Surroundings) -> bool:
    """Run the commands in a clone of its own; return whether none failed."""
    python = find_python(surroundings)
    if python is None:
        print(f"{surroundings.name}: skipped. {_missing(surroundings)}", flush=True)
        return True
    with _folder() as folder, (LOGS / f"{surroundings.name}.log").open("w", encoding="utf-8") as log:
        clone = folder / surroundings.folder
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        if surroundings.user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, surroundings.user)
        if surroundings.is_offline:
            _run(("make", "setup"), replace(surroundings, variables={}), python, clone, log.fileno())
        results = [_run(command, surroundings, python, clone, log.fileno()) for command in COMMANDS]
    return all(results)


def find_python(surroundings: Surroundings) -> str | None:
    """Return the interpreter to make the clone's `.venv` with, or None if there is none."""
    if surroundings.user and os.geteuid() != 0:
        return None
    if surroundings.user:  # the interpreter that runs this may be in a folder of root's
        candidates = [shutil.which(f"python3.{minor}", path="/usr/local/bin:/usr/bin") for minor in (13, 12, 11)]
        return next((path for path in candidates if path), None)
    if not surroundings.python:
        return sys.executable
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    interpreters = sorted(versions.glob(f"{surroundings.python}.*/bin/python3"))
    return str(interpreters[-1]) if interpreters else shutil.which(f"python{surroundings.python}")


def _missing(surroundings: Surroundings) -> str:
    if surroundings.user:
        return f"Run it as root, with a Python 3.11 or newer in /usr/bin that the user {surroundings.user} may run."
    return f"Install Python {surroundings.python}, or name its folder with PYENV_ROOT."


def _run(command: tuple[str, ...], surroundings: Surroundings, python: str, clone: Path, log: int) -> bool:
    began = monotonic()
    environment = {**os.environ, "PYTHON": python, **surroundings.variables}
    if surroundings.user:
        environment |= {"HOME": str(clone.parent), "TMPDIR": str(clone.parent)}
    ended = subprocess.run(
        command,
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        umask=surroundings.umask,
        user=surroundings.user or None,
        check=False,
    )
    result = "passed" if ended.returncode == 0 else f"FAILED with exit code {ended.returncode}: see {LOGS}"
    print(f"{surroundings.name}: {' '.join(command[:2])}: {result} ({monotonic() - began:.0f} s)", flush=True)
    return ended.returncode == 0


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="surroundings-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


if __name__ == "__main__":
    sys.exit(main())
