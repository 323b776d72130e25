"""Text that `make local` prints: URLs, and shell commands for a download step by step."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.origins import DEMO_PATH
from localcloud.paths import WORD

_RUN = ".venv/bin/python -m localcloud"
_READ_ENDPOINT = """python3 -c 'import json, sys; print(json.load(sys.stdin)["webSocketEndpoint"])'"""


def addresses(outputs: Mapping[str, Any], directory: Path) -> list[tuple[str, str]]:
    """Return name and URL of each part of the stack."""
    return [
        ("REST", str(outputs["apiUrl"])),
        ("WebSocket", str(outputs["webSocketUrl"])),
        ("Web page", str(outputs["webPageUrl"])),
        ("AWS", f"{outputs['awsEndpoint']} (region {outputs['region']}, the keys of this run: {env_line(directory)})"),
        ("Outputs", _short(directory / "outputs.json")),
        ("Log", _short(directory / "emulator.log")),
    ]


def env_line(directory: Path) -> str:
    """Return the shell command that sets endpoint and keys of the running stack."""
    return f'eval "$({_RUN} env{_where(directory)})"'


def steps(outputs: Mapping[str, Any], default_path: bool, directory: Path = WORD) -> list[tuple[str, list[str]]]:
    """Return each step with its shell commands. Without a default path the user names a file of the origin."""
    url = str(outputs["downloadUrl"])
    ask = url if default_path else f"{url}?path=FILE"
    path = DEMO_PATH if default_path else "FILE"
    scan = f"aws --endpoint-url {outputs['awsEndpoint']} dynamodb scan --table-name"
    return [
        ("Request a download; the answer comes at once", [f"curl -s '{ask}'"]),
        (
            "Wait for the file: open the answer's webSocketEndpoint, or request and open in one line",
            [f"""wscat -c "$(curl -s '{ask}' | {_READ_ENDPOINT})\""""],
        ),
        (
            "The same with headers, as in the sample (TICKET is the end of the webSocketEndpoint)",
            [
                f"wscat -c {outputs['webSocketUrl']} -H X-Download-Ticket:TICKET "
                "-H X-StateMachine-ExecutionArn:EXECUTION_ARN"
            ],
        ),
        ("Fetch the URL in the message `ready`", ["curl -o file 'URL'"]),
        (
            "Or use the downloader for all of this",
            [f".venv/bin/async-download get {outputs['apiUrl']} --path {path} -o file"],
        ),
        ("Or open the web page in a browser", [f"{outputs['webPageUrl']}?path={path}"]),
        (
            "Look at the tables: the execution ARN has a connection id until the WebSocket is closed",
            [f"{_RUN} tables{_where(directory)}"],
        ),
        (
            "The same with aws or awslocal, in a shell with the keys of this run",
            [
                env_line(directory),
                *(f"{scan} {outputs[name]}" for name in ("downloadsTableName", "connectionsTableName")),
            ],
        ),
    ]


def _where(directory: Path) -> str:
    """Return the option that names the directory, for commands that would look elsewhere."""
    return "" if directory == WORD else f" --directory {shlex.quote(_short(directory))}"


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
