"""Fetch the file that is described on stdin, and nothing else: what the benchmark starts and weighs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from async_download_client import Client, parse_download
from async_download_client.api import base_url_of_download
from async_download_client.messages import parse_file


def main() -> None:
    """`{"answer": …, "file": …}` from stdin, to the path that is named."""
    told = json.load(sys.stdin)
    download = parse_download(told["answer"])
    with Client(base_url_of_download(download)) as client:
        client.fetch(parse_file(told["file"], download), Path(sys.argv[1]), resume=False)


if __name__ == "__main__":
    main()
