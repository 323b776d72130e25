"""What each command does."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.filesize import decimal

from async_download_client.api import base_of_download
from async_download_client.auth import ApiKey, Auth, Bearer, Iam
from async_download_client.cli.completion import script
from async_download_client.cli.display import display_for
from async_download_client.client import Client
from async_download_client.errors import FileError
from async_download_client.messages import download_of, raise_if_over
from async_download_client.models import Download
from async_download_client.timing import Timing
from async_download_client.transfer.part import journal_of

__all__ = ["is_kept", "run"]


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Run the command that was named; raises AsyncDownloadError."""
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
            print(script(arguments.shell, parser))


def is_kept(arguments: argparse.Namespace) -> bool:
    """Whether an interrupted `get` left something to go on with."""
    return arguments.command == "get" and bool(arguments.output) and journal_of(arguments.output).exists()


def _get(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if arguments.json and arguments.output is None:
        parser.error("--json writes to stdout, so the file needs another place than -o -")
    with (
        _client(arguments, parser, arguments.url) as client,
        display_for(json_lines=arguments.json, quiet=arguments.quiet) as show,
        open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as stdout,  # a buffer would block our own exit
    ):
        client.get(
            arguments.path,
            arguments.output or stdout,
            arguments.origin,
            arguments.file_name,
            arguments.sha256,
            arguments.size,
            on_event=show,
            timeout=arguments.timeout,
            resume=arguments.resume,
        )


def _request(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    with _client(arguments, parser, arguments.url) as client:
        download = client.request(
            arguments.path, arguments.origin, arguments.file_name, arguments.sha256, arguments.size
        )
    print(json.dumps(download.answer))


def _status(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with _client_of(download, arguments, parser) as client:
        status = client.status(download)
    done = f"{decimal(status.copied_bytes)} copied" if status.copied_bytes is not None and not status.ready else ""
    size = status.ready.size if status.ready else status.size
    _answer(
        arguments,
        {"id": download.id, "status": status.status, "copiedBytes": status.copied_bytes, "size": size},
        ", ".join(filter(None, [status.status, done, f"{decimal(size)} in all" if size is not None else ""])),
    )
    raise_if_over(status)


def _cancel(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with _client_of(download, arguments, parser) as client:
        client.cancel(download)
    _answer(arguments, {"id": download.id, "status": "CANCELLED"}, f"Cancelled {download.id}")


def _watch(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    download = _download(arguments, parser)
    with (
        _client_of(download, arguments, parser) as client,
        display_for(json_lines=arguments.json, quiet=arguments.quiet) as show,
    ):
        ready = client.wait(download, show, arguments.timeout)
    if arguments.print_url:
        print(json.dumps({"event": "url", "url": ready.url}) if arguments.json else ready.url)


def _client_of(download: Download, arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> Client:
    """Return a client of the stack that the user named, or one that sends nothing but the download's own ticket.

    Who wrote the file with the download chose its `statusUrl`: credentials are not sent there.
    """
    if arguments.url:
        return _client(arguments, parser, arguments.url)
    if options := _credential_options(arguments):
        parser.error(f"{', '.join(options)}: name the stack that may see it, with --url or ASYNC_DOWNLOAD_URL")
    return _client_with(arguments, base_of_download(download), None, {})


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
    key = arguments.api_key or os.environ.get("ASYNC_DOWNLOAD_API_KEY")
    token = arguments.bearer or os.environ.get("ASYNC_DOWNLOAD_TOKEN")
    signs = arguments.iam or arguments.profile or arguments.region
    if signs and arguments.bearer:
        parser.error("--bearer and --iam both want the header Authorization: name one")
    auth: Auth | None = None
    if signs:
        auth = Iam(arguments.profile, arguments.region)
    elif token:
        auth = Bearer(token)
    if key and auth:
        headers["x-api-key"] = key
    elif key:
        auth = ApiKey(key)
    return _client_with(arguments, url, auth, headers)


def _client_with(arguments: argparse.Namespace, url: str, auth: Auth | None, headers: Mapping[str, str]) -> Client:
    return Client(
        url,
        auth=auth,
        headers=headers,
        timeout=arguments.read_timeout,
        timing=dataclasses.replace(Timing(), outage=arguments.retry_for),
        parallel=getattr(arguments, "parallel", 1),
        limit_rate=getattr(arguments, "limit_rate", None),
        allow_http=arguments.allow_http,
    )


def _download(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> Download:
    try:
        text = sys.stdin.read() if arguments.download == "-" else Path(arguments.download).read_text()
        answer = json.loads(text)
    except OSError as error:
        raise FileError(f"{arguments.download} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        parser.error(f"{arguments.download} is not the JSON object that the API answered")
    return download_of(answer)


def _answer(arguments: argparse.Namespace, answer: Mapping[str, object], text: str) -> None:
    if arguments.json:
        print(json.dumps({name: value for name, value in answer.items() if value is not None}))
    elif not arguments.quiet:
        print(text)
