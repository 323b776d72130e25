"""Starts the command; see `async_download_command`."""

from async_download_command import run


def main() -> int:
    """Run `async-download-admin`."""
    return run("async_download_admin.cli")
