"""Keeps the environment of this machine away from the tests, and tells long random tests how many examples to draw."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys

import pytest

MACHINE_VARIABLES = re.compile(
    r"(AWS|BOTO|PULUMI|ASYNC_DOWNLOAD|LOCALSTACK|MINISTACK)_\w+|(ALL|FTP|HTTPS?|NO)_PROXY"
    r"|COLUMNS|LINES|TERM|COLORTERM|(FORCE|NO)_COLOR|CLICOLOR(_FORCE)?|PY_COLORS|LANG|LANGUAGE|LC_\w+|TZ"
    r"|PYTHON(COERCECLOCALE|INSPECT|IOENCODING|OPTIMIZE|SAFEPATH|STARTUP|UNBUFFERED|UTF8|WARNINGS)"
    r"|MAKE(FLAGS|LEVEL|FILES|OVERRIDES)|MFLAGS",
    re.IGNORECASE,
)
"""Variables that change what the AWS SDK, Pulumi, an HTTP client, a terminal, Python or make does."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--examples`."""
    help_text = "examples that the random tests with a command of their own draw (docs/testing.md)"
    parser.addoption("--examples", choices=["all", "few"], default="all", help=help_text)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let Python store bytecode; remove these variables, but not on AWS: credentials, region and proxies are needed."""
    os.environ["TEST_EXAMPLES"] = config.getoption("--examples")
    sys.dont_write_bytecode = False  # else each of the processes that tests start compiles all that it imports
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script; children would ignore it too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--target", "emulator") == "aws":
        return
    for name in filter(MACHINE_VARIABLES.fullmatch, list(os.environ)):
        del os.environ[name]
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8", **nowhere}


def pytest_collection_finish() -> None:
    """Spare the garbage collector what the tests have imported and thousands of tests, all of which stay."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return three workers for two processors with `-n auto`: they wait at times, and each costs the collection."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + (processors + 1) // 2
