"""The process that the benchmark measures: downloads the file that is described on stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from async_download_client import Client, parse_download
from async_download_client.api import base_url_of_download
from async_download_client.messages import parse_file


def main() -> None:
    """Download the file in `{"response": …, "file": …}` on stdin to the path in the argument."""
    fields = json.load(sys.stdin)
    download = parse_download(fields["response"])
    with Client(base_url_of_download(download)) as client:
        client.fetch(parse_file(fields["file"], download), Path(sys.argv[1]), resume=False)


if __name__ == "__main__":
    main()
