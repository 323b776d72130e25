"""The process that the benchmark measures: downloads the file that is described on stdin.

`python -m benchmarks.client_runner CONNECTIONS FILE`; `-` is stdout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from async_download_client import Client, parse_download
from async_download_client.api import base_url_of_download
from async_download_client.messages import parse_file


def main(connections: str, target: str) -> None:
    """Download the file in `{"response": …, "file": …}` on stdin."""
    fields = json.load(sys.stdin)
    download = parse_download(fields["response"])
    with Client(base_url_of_download(download), parallel=int(connections)) as client:
        stdout = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115 - as the command opens it
        client.fetch(parse_file(fields["file"], download), stdout if target == "-" else Path(target), resume=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
