"""The outcome of any response is the file or a typed failure: never a complete copy with other bytes.

Each of the planted mistakes is found by the same property.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.adapters import origin_tls, response_head
from runtime.adapters.chunked import ChunkedBody
from runtime.adapters.http_body import HttpBody
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginError, OriginTruncatedError, TransferError
from runtime.logic.origin import codings
from runtime.logic.origin.decompressed import DecompressedBody
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline, Retries
from runtime.logic.origin.size_limit import SizeLimit
from runtime.logic.origin.source import Source
from runtime.models import Origin
from tests.runtime.support.fakes import FakeClock, FakeSecrets, do_nothing
from tests.runtime.support.http_server import Exchange, Server, serving
from tests.runtime.support.responses import End, Outcome, Response, draw_response
from tools import certificates

pytestmark = pytest.mark.security

EXAMPLES = 2000
FEW_EXAMPLES = 250
"""With `--examples few`; `make test-origins` draws all."""
SECONDS = 5.0
LIMIT = 1 << 20


@dataclass
class Servers:
    """A server of http and one of https, which send the current response."""

    plain: Server
    tls: Server
    context: ssl.SSLContext

    response: Response | None = None

    def fetch(self, response: Response) -> bytes:
        """Read the file as a copy does, in one attempt; twice where the connection stays open."""
        self.response = response
        origins = HttpOrigins(self.context)
        content = self._read(origins, response)
        if response.end is End.OPEN:
            assert self._read(origins, response) == content
        return content

    def _read(self, origins: HttpOrigins, response: Response) -> bytes:
        base_url = (
            f"{'https' if response.tls else 'http'}://127.0.0.1:{(self.tls if response.tls else self.plain).port}/"
        )
        clock = FakeClock()
        deadline = Deadline(clock, SECONDS)
        source = Source(
            Fetch(origins, FakeSecrets(), Origin("files", base_url, allow_http=True), "a.csv", deadline, loopback=True),
            clock=clock,
            deadline=deadline,
            retries=Retries(clock, deadline, attempts=1),
            part_size=1 << 16,
            limit=SizeLimit(LIMIT, "The file is too large."),
            expected_size=None,
            on_progress=lambda _position, _total: None,
        )
        view = memoryview(bytearray(1 << 12))
        try:
            source.open(do_nothing)
            return bytes(view[: source.fill(view)])
        finally:
            source.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Run both servers, with a certificate of a CA of this run."""
    root = certificates.ca("Internal root")
    path: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    certificates.server(root, "127.0.0.1").write(path)
    context = ssl.create_default_context(cadata=root.pem)

    def send(exchange: Exchange) -> None:
        assert both.response is not None
        both.response.send(exchange)

    with serving(send, keep=True) as plain, serving(send, tls=True, keep=True, certificate=path) as tls:
        both = Servers(plain, tls, context)
        yield both


def check(servers: Servers, seed: int) -> Outcome:
    """Assert that the outcome of a response is the expected one, and return that."""
    response = draw_response(seed)
    try:
        content = servers.fetch(response)
    except TransferError:
        outcome = Outcome.FAILURE
    else:
        assert content == response.content, f"response {seed}"
        outcome = Outcome.FILE
    assert response.outcome in (outcome, Outcome.EITHER), f"response {seed}"
    return response.outcome


def check_all(servers: Servers, examples: int = EXAMPLES) -> list[Outcome]:
    """Check many responses, and return the expected outcomes."""
    return [check(servers, seed) for seed in range(examples)]


def test_outcome_of_any_response_is_the_file_or_a_typed_failure(servers: Servers, pytestconfig: pytest.Config) -> None:
    examples = FEW_EXAMPLES if pytestconfig.getoption("--examples") == "few" else EXAMPLES
    outcomes = check_all(servers, examples)
    assert min(outcomes.count(Outcome.FILE), outcomes.count(Outcome.FAILURE)) > examples // 4


def stop_at_bad_names(patch: pytest.MonkeyPatch) -> None:
    """Parse the fields before the first name that is not ASCII, as http.client does."""
    parse = response_head._parse_fields
    patch.setattr(response_head, "_parse_fields", lambda lines: parse(re.split(rb"(?m)^[^:\n]*[\x80-\xff]", lines)[0]))


def ignore_fields_above_100(patch: pytest.MonkeyPatch) -> None:
    parse = response_head._parse_fields
    patch.setattr(response_head, "_parse_fields", lambda lines: parse(b"\n".join(lines.split(b"\n")[:100])))


def drop_folded_lines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(response_head, "_FOLD", re.compile(rb"\r?\n[ \t][^\n]*"))


def end_lines_at_cr(patch: pytest.MonkeyPatch) -> None:
    parse = response_head._parse_fields
    patch.setattr(response_head, "_parse_fields", lambda lines: parse(lines.replace(b"\r", b"\n")))


def take_the_first_length(patch: pytest.MonkeyPatch) -> None:
    parse = response_head._parse_length
    patch.setattr(response_head, "_parse_length", lambda text: parse(text and text.split(",")[0]))


def accept_any_number(patch: pytest.MonkeyPatch) -> None:
    """Take `+3` for 3, as `int` does."""
    patch.setattr(response_head, "_LENGTH", re.compile("[+]?[0-9]+"))


def prefer_the_length_to_chunks(patch: pytest.MonkeyPatch) -> None:
    build = response_head._build_head

    def build_head(version: int, status: int, fields: dict[str, list[str]]) -> Any:
        has_length = "content-length" in fields
        return build(
            version, status, {k: v for k, v in fields.items() if not (has_length and k == "transfer-encoding")}
        )

    patch.setattr(response_head, "_build_head", build_head)


def ignore_chunks_of_http_1_0(patch: pytest.MonkeyPatch) -> None:
    build = response_head._build_head

    def build_head(version: int, status: int, fields: dict[str, list[str]]) -> Any:
        return build(version, status, {k: v for k, v in fields.items() if version or k != "transfer-encoding"})

    patch.setattr(response_head, "_build_head", build_head)


def ignore_doubts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(response_head, "_FRAMING_FIELDS", re.compile(rb"(?!)"))


def take_1xx_for_the_response(patch: pytest.MonkeyPatch) -> None:
    parse = response_head._parse_status_line

    def parse_status_line(line: bytes) -> tuple[int, int]:
        version, status = parse(line)
        return version, 200 if status < 200 else status

    patch.setattr(response_head, "_parse_status_line", parse_status_line)


def drop_bytes_behind_the_head(patch: pytest.MonkeyPatch) -> None:
    receive = response_head._receive_head

    def receive_head(receive_some: Any, buffer: bytearray, limit: int) -> int:
        size = receive(receive_some, buffer, limit)
        if buffer.startswith(b"HTTP/1.1 103"):
            del buffer[size + 40 :]
        return size

    patch.setattr(response_head, "_receive_head", receive_head)


def end_at_any_end(patch: pytest.MonkeyPatch, condition: Callable[[HttpBody], bool]) -> None:
    """Take a lost connection for the end of a body."""
    read = HttpBody.read

    def read_or_end(body: HttpBody, size: int, timeout: float) -> bytes:
        try:
            return read(body, size, timeout)
        except OriginTruncatedError:
            if condition(body):
                return b""
            raise

    patch.setattr(HttpBody, "read", read_or_end)


def ignore_the_length_of_compressed_files(patch: pytest.MonkeyPatch) -> None:
    end_at_any_end(patch, lambda body: "content-encoding" in body.headers and "content-length" in body.headers)


def take_a_reset_for_the_end(patch: pytest.MonkeyPatch) -> None:
    end_at_any_end(patch, lambda body: body._left is None and body._chunks is None)


def accept_ragged_eof(patch: pytest.MonkeyPatch) -> None:
    def wrap(context: ssl.SSLContext, sock: Any, host: str) -> ssl.SSLSocket:
        return context.wrap_socket(sock, server_hostname=host)

    patch.setattr(origin_tls, "wrap", wrap)


def read_beyond_the_length(patch: pytest.MonkeyPatch) -> None:
    """Read compressed bytes to the end of the connection."""
    init = HttpBody.__init__

    def init_without_length(body: HttpBody, connection: Any, head: Any, received: bytes, idle: Any) -> None:
        init(body, connection, head, received, idle)
        body._left = body._left if "content-encoding" not in body.headers else None

    patch.setattr(HttpBody, "__init__", init_without_length)


def complete_without_the_last_chunk(patch: pytest.MonkeyPatch) -> None:
    read = ChunkedBody.read

    def read_or_end(body: ChunkedBody, size: int) -> bytes:
        try:
            return read(body, size)
        except OriginTruncatedError:
            return b""

    patch.setattr(ChunkedBody, "read", read_or_end)


def complete_without_trailers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ChunkedBody, "_skip_trailers", lambda _body: None)


def ignore_further_coding_fields(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(response_head._SEPARATORS, "content-encoding")


def undo_one_layer(patch: pytest.MonkeyPatch) -> None:
    layers_of = codings.layers_of
    patch.setattr(codings, "layers_of", lambda headers, path: layers_of(headers, path)[:1])


def undo_layers_in_the_order_of_the_list(patch: pytest.MonkeyPatch) -> None:
    layers_of = codings.layers_of
    patch.setattr(codings, "layers_of", lambda headers, path: layers_of(headers, path)[::-1])


def drop_further_members(patch: pytest.MonkeyPatch) -> None:
    def drop(body: DecompressedBody) -> bool:
        body._waiting = b""
        return False

    patch.setattr(DecompressedBody, "_begin_member", drop)


def ignore_checksums(patch: pytest.MonkeyPatch) -> None:
    inflate = DecompressedBody._inflate_some

    def inflate_some(body: DecompressedBody, size: int) -> bytes:
        try:
            return inflate(body, size)
        except OriginError:
            body._waiting = b""
            body._is_empty = True
            return b""

    patch.setattr(DecompressedBody, "_inflate_some", inflate_some)


def accept_gzip_that_ends_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DecompressedBody, "_end", lambda _body: b"")


def take_every_deflate_for_zlib(patch: pytest.MonkeyPatch) -> None:
    begin = DecompressedBody._begin
    patch.setattr(DecompressedBody, "_begin", lambda body, _first: begin(body, 8))


MISTAKES = [
    stop_at_bad_names,
    ignore_fields_above_100,
    drop_folded_lines,
    end_lines_at_cr,
    take_the_first_length,
    accept_any_number,
    prefer_the_length_to_chunks,
    ignore_chunks_of_http_1_0,
    ignore_doubts,
    take_1xx_for_the_response,
    drop_bytes_behind_the_head,
    ignore_the_length_of_compressed_files,
    take_a_reset_for_the_end,
    accept_ragged_eof,
    read_beyond_the_length,
    complete_without_the_last_chunk,
    complete_without_trailers,
    ignore_further_coding_fields,
    undo_one_layer,
    undo_layers_in_the_order_of_the_list,
    drop_further_members,
    ignore_checksums,
    accept_gzip_that_ends_early,
    take_every_deflate_for_zlib,
]


@pytest.mark.parametrize("plant", MISTAKES, ids=lambda plant: str(plant.__name__))
def test_property_finds_a_planted_mistake(
    servers: Servers, plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match="response"):
        check_all(servers)
