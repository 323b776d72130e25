"""Runs the command for `python -m async_download_admin.cli`."""

import sys

from async_download_admin.cli import main

if __name__ == "__main__":
    sys.exit(main())
