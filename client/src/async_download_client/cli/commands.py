"""The commands `get`, `request`, `status`, `cancel`, `watch` and `completion`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from rich.filesize import decimal

from async_download_client.api import base_url_of_download
from async_download_client.auth import ApiKey, Auth, Bearer, Iam
from async_download_client.cli.completion import script
from async_download_client.cli.display import clock, describe, display_for, keep_going
from async_download_client.cli.output import print_progress, print_result
from async_download_client.client import Client
from async_download_client.errors import FileError
from async_download_client.events import Event
from async_download_client.messages import parse_download, raise_if_ended
from async_download_client.models import Download
from async_download_client.secrets import clean_secret
from async_download_client.timing import Timing
from async_download_client.transfer.state_files import has_journal
from async_download_client.transfer.targets import own_descriptor, resolve

_MAX_RESPONSE_BYTES = 1 << 20


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Run the command in the arguments; raises AsyncDownloadError."""
    match arguments.command:
        case "get":
            _get(arguments, parser)
        case "request":
            _request(arguments, parser)
        case "status":
            _status(arguments, parser)
        case "cancel":
            _cancel(arguments, parser)
        case "watch":
            _watch(arguments, parser)
        case "completion":
            print_result(script(arguments.shell, parser))


def can_resume(arguments: argparse.Namespace) -> bool:
    """Return True if an interrupted `get` left a journal, so that the same command resumes."""
    if arguments.command != "get" or arguments.output is None:
        return False
    try:
        return has_journal(Path(resolve(arguments.output)))
    except (FileError, OSError, ValueError):
        return False


def _get(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    descriptor = _output_descriptor(arguments.output)
    if arguments.json and descriptor == 1:
        parser.error("--json writes to stdout; with -o - the file does too: name a file, or leave --json out")
    quiet = arguments.quiet or descriptor == 2  # progress would be among the bytes of the file
    with (
        _client(arguments, parser, arguments.url) as client,
        display_for(json_lines=arguments.json, quiet=quiet) as show,
        keep_going(show) as on_event,
        _stdout() if arguments.output is None else contextlib.nullcontext() as stdout,
    ):
        client.get(
            arguments.path,
            stdout or arguments.output,
            origin=arguments.origin,
            file_name=arguments.file_name,
            sha256=arguments.sha256,
            size=arguments.size,
            on_event=on_event,
            timeout=arguments.timeout,
            resume=arguments.resume,
            sync=arguments.sync,
        )


def _output_descriptor(output: str | None) -> int | None:
    """Return the number of the descriptor that `-o` names: 1 for `-` and `/dev/stdout`; None for a file."""
    if output is None:
        return 1
    try:
        return own_descriptor(resolve(output))
    except (FileError, OSError, ValueError):  # reported when the file is opened
        return None


def _stdout() -> BinaryIO:
    """Return stdout without a buffer: flushing one could block the exit."""
    if sys.stdout is None:
        raise FileError("stdout is closed.")
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)


def _request(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    with _client(arguments, parser, arguments.url) as client:
        download = client.request(
            arguments.path,
            arguments.origin,
            arguments.file_name,
            arguments.sha256,
            arguments.size,
            on_event=_print_retry(arguments),
        )
    print_result(json.dumps(download.response))


def _status(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with _client_for_download(download, arguments, parser) as client:
        status = client.status(download, on_event=_print_retry(arguments))
    copied = f"{decimal(status.copied_bytes)} copied" if status.copied_bytes is not None and not status.file else ""
    size = status.file.size if status.file else status.size
    total = f"{decimal(size)} in total" if size is not None else ""
    moment = status.next_request_at
    again = f"the origin is asked again at {clock(moment)}" if moment else ""
    result = {"id": download.id, "status": status.status, "copiedBytes": status.copied_bytes, "size": size}
    result["nextRequestAt"] = moment.isoformat().replace("+00:00", "Z") if moment else None
    _print_result(arguments, result, ", ".join(filter(None, [status.status, copied, total, again])))
    raise_if_ended(status)


def _cancel(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with _client_for_download(download, arguments, parser) as client:
        client.cancel(download, on_event=_print_retry(arguments))
    _print_result(arguments, {"id": download.id, "status": "CANCELLED"}, f"Cancelled {download.id}")


def _watch(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with (
        _client_for_download(download, arguments, parser) as client,
        display_for(json_lines=arguments.json, quiet=arguments.quiet) as on_event,
    ):
        file = client.wait(download, on_event=on_event, timeout=arguments.timeout)
    if arguments.print_url:
        print_result(json.dumps({"event": "url", "url": file.url}) if arguments.json else file.url)


def _client_for_download(download: Download, arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> Client:
    """Return a client of the stack in --url; without that, one that sends only the download's ticket.

    The `statusUrl` in the file may have been written by an attacker, so credentials are not sent there.
    """
    if arguments.url:
        return _client(arguments, parser, arguments.url)
    if options := _credential_options(arguments):
        parser.error(f"{', '.join(options)}: name the stack that receives it with --url or ASYNC_DOWNLOAD_URL")
    return _make_client(arguments, base_url_of_download(download), None, {})


def _credential_options(arguments: argparse.Namespace) -> list[str]:
    values = {
        "--iam": arguments.iam,
        "--profile": arguments.profile,
        "--region": arguments.region,
        "--api-key": arguments.api_key,
        "--bearer": arguments.bearer,
        "--header": arguments.header,
    }
    return [option for option, value in values.items() if value]


def _client(arguments: argparse.Namespace, parser: argparse.ArgumentParser, url: str) -> Client:
    headers = dict(arguments.header)
    key = arguments.api_key or _environment_secret("ASYNC_DOWNLOAD_API_KEY")
    token = arguments.bearer or _environment_secret("ASYNC_DOWNLOAD_TOKEN")
    use_iam = arguments.iam or arguments.profile or arguments.region
    if use_iam and arguments.bearer:
        parser.error("--bearer and --iam both set the header Authorization: use one of them")
    auth: Auth | None = None
    if use_iam:
        auth = Iam(arguments.profile, arguments.region)
    elif token:
        auth = Bearer(token)
    if key and auth:
        headers["x-api-key"] = key
    elif key:
        auth = ApiKey(key)
    return _make_client(arguments, url, auth, headers)


def _environment_secret(name: str) -> str | None:
    """Return the key or token in an environment variable; None if it is not set or empty."""
    value = os.environ.get(name, "")
    return clean_secret(value, f"The environment variable {name}") if value.strip() else None


def _print_retry(arguments: argparse.Namespace) -> Callable[[Event], None] | None:
    """Return a callback that prints why a call is repeated on stderr; None with --quiet."""
    if getattr(arguments, "quiet", False):
        return None
    return lambda event: print_progress(describe(event) or "")


def _make_client(arguments: argparse.Namespace, url: str, auth: Auth | None, headers: Mapping[str, str]) -> Client:
    return Client(
        url,
        auth=auth,
        headers=headers,
        timeout=arguments.read_timeout,
        timing=dataclasses.replace(Timing(), max_outage=arguments.retry_for),
        parallel=getattr(arguments, "parallel", 1),
        limit_rate=getattr(arguments, "limit_rate", None),
        allow_http=arguments.allow_http,
    )


def _download(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> Download:
    try:
        content = _read_bytes(arguments.download)
    except OSError as error:
        raise FileError(f"{arguments.download} cannot be read: {error.strerror or error}.") from None
    try:
        response = json.loads(content)  # in UTF-8, UTF-16 or UTF-32, with or without a byte order mark
    except (ValueError, RecursionError):
        response = None
    if not isinstance(response, dict):
        parser.error(f"{arguments.download} does not hold the JSON response of the API to `request`")
    return parse_download(response)


def _read_bytes(name: str) -> bytes:
    """Return the first bytes of a file, or of stdin for `-`; raises OSError."""
    if name != "-":
        with Path(name).open("rb") as file:
            return file.read(_MAX_RESPONSE_BYTES)
    if sys.stdin is None:
        raise OSError(errno.EBADF, "stdin is closed")
    return sys.stdin.buffer.read(_MAX_RESPONSE_BYTES)


def _print_result(arguments: argparse.Namespace, result: Mapping[str, object], text: str) -> None:
    if arguments.json:
        print_result(json.dumps({name: value for name, value in result.items() if value is not None}))
    elif not arguments.quiet:
        print_result(text)
