"""Copies the file of a case with the stack, fetches it with curl and wget, and describes the three ends."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore

from integration_tests.origins import curl_wget
from integration_tests.origins.case import READY, Case, OriginName
from integration_tests.origins.raw_origin import RawOrigin
from integration_tests.support.rest import Answer
from integration_tests.support.stack import Stack
from integration_tests.support.stack_client import Download
from integration_tests.support.stack_operator import Item

THREADS = 12
API_CALLS = 2  # at once: each further one starts another process of its function
MAX_POLL_SECONDS = 2.0
END_SECONDS = 180  # until a download has to end
MAX_TIMEOUTS = 3  # of one call of the API
PRODUCT = "product"
ENDS = (READY, "FAILED", "CANCELLED")


@dataclass(frozen=True)
class Result:
    """The ends of one case.

    Attributes:
        end: READY, a code, or a sentence about a download that did not end.
        is_right: whether the copy has the bytes of the file.
        download: None for a request that was refused.
        tools: the ends of the tools that are installed.
    """

    case: Case
    end: str
    is_right: bool = False
    message: str = ""
    file_name: str = ""
    download: Download | None = None
    tools: Mapping[str, curl_wget.Fetched] = field(default_factory=dict)

    @property
    def is_fetched_by_both_tools(self) -> bool:
        """Whether curl and wget are installed and both have the file."""
        return len(self.tools) == len(curl_wget.OPTIONS) and all(fetched.has_file for fetched in self.tools.values())

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        ends = [self.end + (" other bytes" if self.end == READY and not self.is_right else "")]
        for name in curl_wget.OPTIONS:
            fetched = self.tools.get(name)
            ends.append("-" if fetched is None else f"{fetched.exit_code} {'file' if fetched.is_right else 'other'}")
        return self.case.name, *ends, self.case.expected


@dataclass(frozen=True)
class Comparison:
    """Runs cases: `origins` are the servers, `ca_file` has the CA of the one that speaks TLS."""

    stack: Stack
    origins: Mapping[OriginName, RawOrigin]
    ca_file: Path
    _api: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(API_CALLS))

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run cases, several at once since most of a case is waiting; the results are in their order."""
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self._run_case, cases))

    def _run_case(self, case: Case) -> Result:
        with tempfile.TemporaryDirectory() as folder:
            fetched = {tool: self._fetch(tool, case, Path(folder)) for tool in curl_wget.installed()}
        return self._copy(case, fetched)

    def _fetch(self, tool: str, case: Case, folder: Path) -> curl_wget.Fetched:
        url = f"{self.origins[case.origin].base_url}{tool}/{case.folder}/{case.target or case.path}"
        ca_file = self.ca_file if case.origin is OriginName.TLS else None
        return curl_wget.fetch(tool, url, case.file, folder, ca_file=ca_file, decode=case.decode)

    def _copy(self, case: Case, fetched: Mapping[str, curl_wget.Fetched]) -> Result:
        """Request the download and wait for its end.

        The item is polled, since each call of the API costs a start of a function.
        """
        client = self.stack.client
        body = {"origin": str(case.origin), "path": f"{PRODUCT}/{case.folder}/{case.path}", **case.fields}
        key = {"Idempotency-Key": secrets.token_hex(16)}
        answer = self._call(lambda: client.rest.call("POST", "/downloads", body, key))
        if answer.status != 202:
            return Result(case, answer.code or str(answer.status), message=str(answer.body), tools=fetched)
        download = client.parse_download(answer)
        item = self._wait_for_end(download)
        if item.get("status") != READY:
            failure = item.get("failure", {"code": "no end", "message": str(item.get("status"))})
            return Result(case, failure["code"], message=failure["message"], download=download, tools=fetched)
        ready = self._call(lambda: client.status(download)).body["download"]
        copied = client.fetch(ready["url"])
        is_right = copied.sha256 == hashlib.sha256(case.file).hexdigest()
        return Result(case, READY, is_right, f"{copied.size} bytes", ready["fileName"], download, fetched)

    def _call(self, call: Callable[[], Answer]) -> Answer:
        """Call the API, again where a busy machine does not answer in time."""
        with self._api:
            for _ in range(MAX_TIMEOUTS):
                with suppress(TimeoutError):
                    return call()
            return call()

    def _wait_for_end(self, download: Download) -> Item:
        """Return the item of the download at its end, or after the longest time that this may take."""
        end, pause = time.monotonic() + END_SECONDS, 0.2
        item: Item = {}
        while item.get("status") not in ENDS and time.monotonic() < end:
            time.sleep(pause)
            pause = min(1.5 * pause, MAX_POLL_SECONDS)
            item = self.stack.operator.download_item(download)
        return item


def table(results: Iterable[Result]) -> list[str]:
    """Return the lines of the table of results."""
    rows = [("case", "product", "curl", "wget", "expected"), *(result.cells for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def summary(results: Sequence[Result]) -> str:
    """Return the numbers of the table."""
    ready = [result for result in results if result.end == READY]
    wrong = [result for result in ready if not result.is_right]
    both = [result for result in results if result.is_fetched_by_both_tools]
    refused = [result for result in both if result.end != READY]
    return (
        f"{len(results)} cases: {len(ready)} READY, {len(wrong)} of them with other bytes; "
        f"{len(both)} fetched by both curl and wget, {len(refused)} of them not READY; "
        f"{sum(result.end != result.case.expected for result in results)} other than expected"
    )
