"""Random arguments, variables, files and responses end with a documented exit code, without traceback or secret."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import urllib3
from async_download_client import cli, stop, transport, wait
from async_download_client.web_socket import SocketRefusedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.tests.support.examples import some

pytestmark = [pytest.mark.security, pytest.mark.usefixtures("keep_signals", "environment")]
SECRET = "FUZZSECRET"
ACCEPTED: dict[str, object] = {
    "downloadId": "0123456789abcdef",
    "executionArn": "arn:aws:states:eu-central-1:000000000000:execution:transfer:x",
    "webSocketEndpoint": f"wss://socket.example/v1?ticket={SECRET}",
    "statusUrl": "https://api.example/v1/downloads/0123456789abcdef",
    "expiresAt": "2099-01-01T00:00:00Z",
}
FILE: dict[str, object] = {
    "url": f"https://files.example/object?X-Amz-Signature={SECRET}",
    "expiresAt": "2099-01-01T00:00:00Z",
    "size": 7,
    "contentType": "text/csv",
    "fileName": "a.csv",
    "etag": '"x"',
    "checksum": {"algorithm": "CRC32", "value": "AAAAAA=="},
}
STATUS: dict[str, object] = {"status": "READY", "copiedBytes": 3, "size": 7, "download": FILE}
MESSAGE: dict[str, object] = {"type": "status", "downloadId": ACCEPTED["downloadId"], "status": "COPYING", "size": 7}
ERROR: dict[str, object] = {"error": {"code": "NOT_FOUND", "message": "no"}, "message": "no"}
DOCUMENTED = {int(line.split("|")[1]) for line in (cli.__doc__ or "").splitlines() if line[2:3].isdigit()}

characters = st.characters(exclude_characters="\0", exclude_categories=())
argument_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8) | st.binary(
    max_size=4
).map(lambda data: os.fsdecode(data.replace(b"\0", b"")))
numbers = st.sampled_from(["0", "-1", "1", "nan", "inf", "1e300", "9" * 5000, "1e-400", "0x1", "1_0", "٣", "2M", "9G"])
secret_text = st.builds("{}{}{}".format, argument_text, st.just(SECRET), argument_text)
urls = st.sampled_from(
    ["https://api.example/v1", "http://127.0.0.1:1", "ftp://x", "https://", "//x", "https://[", "https://a:b", "-"]
) | st.builds("https://{}".format, argument_text)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**18, 2**63, 10**400, -(10**400), 1e308, float("inf"), float("nan")])
    | st.text(characters, max_size=10)
    | st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "https://[", "wss://a:99999", "READY"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


@st.composite
def mutations(draw: st.DrawFn, template: Mapping[str, object]) -> dict[str, object]:
    """Return the template with up to three fields removed or replaced, also in the objects in it."""
    value: dict[str, Any] = json.loads(json.dumps(template))
    for _ in range(draw(st.integers(0, 3))):
        place: dict[str, Any] = value
        while place:
            name = draw(st.sampled_from(sorted(place)))
            if not isinstance(place[name], dict) or draw(st.booleans()):
                break
            place = place[name]
        if draw(st.booleans()) and place:
            place[name] = draw(junk)
        else:
            place.pop(name, None)
    return value


def contents(template: Mapping[str, object]) -> st.SearchStrategy[bytes]:
    """Return JSON of a mutated object, in some encoding, or bytes that are no JSON."""
    encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
    encoded = st.builds(lambda value, encoding: json.dumps(value).encode(encoding), mutations(template), encodings)
    return encoded | st.binary(max_size=8) | st.sampled_from([b"[" * 99_999, b"{}", b"[]", b"null", b'{"a":' * 5000])


headers = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "Location", "Content-Length", "Content-Range"]),
    st.sampled_from(
        ["0", "1e9", "9" * 500, "Fri, 31 Dec 9999 23:59:59 -2359", "Thu, 1 Jan 1 0:0:0 GMT", "x", "", "://["]
    )
    | st.text(st.characters(max_codepoint=255), max_size=5),
    max_size=2,
)
statuses = st.sampled_from([200, 202, 204, 301, 400, 401, 403, 404, 407, 409, 429, 500, 503, 599])
failures: st.SearchStrategy[Exception] = st.sampled_from(
    [
        urllib3.exceptions.ProtocolError(f"x {SECRET}"),
        urllib3.exceptions.LocationParseError(SECRET),
        urllib3.exceptions.ProxyError(SECRET, OSError(f"Tunnel connection failed: 502 {SECRET}")),
        urllib3.exceptions.SSLError(SECRET),
        http.client.BadStatusLine(SECRET),
        http.client.InvalidURL(SECRET),
        ValueError(f"Invalid header value {SECRET}"),
        UnicodeEncodeError("latin-1", SECRET, 0, 1, "x"),
        ConnectionResetError(SECRET),
    ]
)


class Response:
    """A response of urllib3 whose connection is kept until it is closed."""

    connection = object()

    def __init__(self, status: int, body: bytes, fields: Mapping[str, str]) -> None:
        self.status, self.headers, self._body = status, urllib3.HTTPHeaderDict(fields), body

    def read1(self, count: int) -> bytes:
        """Return the next bytes of the body."""
        data, self._body = self._body[:count], self._body[count:]
        return data

    def get_redirect_location(self) -> str | None:
        """Return the target of a redirect."""
        return self.headers.get("Location") if self.status == 301 else None

    def shutdown(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Server:
    """Answers every request with the next response, checking the headers like http.client; at the end with 404."""

    def __init__(self) -> None:
        self.responses: list[Response | Exception] = []
        self.messages: list[object] = []

    def request(self, _method: str, _url: str, **options: Any) -> Any:
        """Return the next response."""
        connection = http.client.HTTPConnection("x.example")
        connection.putrequest("GET", "/")
        for name, value in options["headers"].items():
            connection.putheader(name, value)
        response = self.responses.pop(0) if self.responses else Response(404, json.dumps(ERROR).encode(), {})
        if isinstance(response, Exception):
            raise response
        return response

    def clear(self) -> None:
        """Do nothing."""

    def __call__(self, *_: object, **__: object) -> Server:
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def receive(self, _: float) -> Any:
        """Return the next message."""
        if not self.messages:
            raise SocketRefusedError(403)
        return self.messages.pop(0)

    def send(self, _: str) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The server behind every connection of the client; waits take no time."""
    scripted = Server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport.Transport, "_pool", lambda *_: scripted)
        patch.setattr(wait, "WebSocket", scripted)
        patch.setattr(stop.StopSignal, "sleep", lambda *_: None)
        yield scripted


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no variables of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith(("ASYNC_DOWNLOAD", "AWS_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def check(arguments: list[str], *, stdin: bytes = b"", prints_ticket: bool = False) -> int:
    """Run the command, check its exit code and output, and return the exit code."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            try:
                code = cli.main(arguments)
            except SystemExit as ended:
                code = int(str(ended.code or 0))
        out.seek(0)
        err.seek(0)
        output, errors = out.read(), err.read()
    assert code in DOCUMENTED
    assert "Traceback" not in errors
    assert "UNEXPECTED" not in errors, errors
    assert SECRET not in errors
    assert prints_ticket or SECRET not in output
    return code


def fuzz(examples: int) -> settings:
    """Return the settings of a test with so many examples, or an eighth with `--examples few`."""
    return settings(max_examples=some(examples), deadline=None, suppress_health_check=list(HealthCheck))


OPTIONS = st.one_of(
    st.builds(lambda name, value: [name, value], st.sampled_from(["--path", "--origin", "--file-name"]), argument_text),
    st.builds(
        lambda name, value: [f"{name}={value}"],
        st.sampled_from(["--size", "--timeout", "--read-timeout", "--retry-for", "--parallel", "--limit-rate"]),
        numbers | argument_text,
    ),
    st.builds(
        lambda name, value: [name, value],
        st.sampled_from(["--api-key", "--bearer", "--header", "--apikey", "--iam", "--json"]),
        secret_text | secret_text.map("X-Key: {}".format),
    ),
    st.builds(lambda name, value: [f"{name}={value}"], st.sampled_from(["--ap", "--p", "--iam", "-q"]), secret_text),
    st.sampled_from([["--iam"], ["--json"], ["--quiet"], ["--allow-http"], ["--print-url"], ["--profile", "x"]]),
    st.sampled_from([["-o", "-"], ["-o", "x"], ["-o", "."], ["-o", "a/b"], ["-o", "ü"], ["--sha256", "0" * 64]]),
    st.sampled_from([["--region", "eu-west-1"], ["--region", "x\ny"], ["--no-resume"], ["--url", "https://x.example"]]),
)
COMMANDS = st.sampled_from(["get", "request", "status", "cancel", "watch", "completion", "x", ""])


@fuzz(900)
@given(command=COMMANDS, positional=urls, options=st.lists(OPTIONS, max_size=4), first=st.booleans())
def test_arguments(server: Server, command: str, positional: str, options: list[list[str]], first: bool) -> None:
    """Options may stand in front of the command."""
    server.responses, server.messages = [], []
    words = [word for option in options for word in option]
    check([*words, command, positional] if first else [command, positional, *words])


@fuzz(700)
@given(
    secrets=st.dictionaries(
        st.sampled_from(
            [
                "ASYNC_DOWNLOAD_API_KEY",
                "ASYNC_DOWNLOAD_TOKEN",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
            ]
        ),
        secret_text,
        max_size=4,
    ),
    proxies=st.dictionaries(
        st.sampled_from(["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"]),
        st.builds(
            "{}{}:{}@{}".format,
            st.sampled_from(["", "http://", "https://", "socks5h://", "x://", "//"]),
            argument_text,
            secret_text,
            st.sampled_from(["a:1", "a", "[::1]:2", "[", "a:b", ""]) | argument_text,
        ),
        max_size=2,
    ),
    no_proxy=argument_text | st.sampled_from(["*", "10.0.0.0/99", "[", "::/0", ",,", "a:99999999", "x.example:0"]),
    url=argument_text | st.just("https://10.0.0.1"),
    iam=st.booleans(),
)
def test_environment(
    server: Server, secrets: dict[str, str], proxies: dict[str, str], no_proxy: str, url: str, iam: bool
) -> None:
    server.responses = [Response(200, json.dumps(STATUS).encode(), {})]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**secrets, **proxies, "no_proxy": no_proxy, "ASYNC_DOWNLOAD_URL": url}.items():
            patch.setenv(name, value)
        more = ["--region", "eu-west-1"] if iam else []
        check(["status", "-", *more], stdin=json.dumps(ACCEPTED).encode())


@fuzz(700)
@given(command=st.sampled_from(["status", "cancel", "watch"]), content=contents(ACCEPTED))
def test_request_files(server: Server, command: str, content: bytes) -> None:
    server.responses = [Response(200, json.dumps(STATUS).encode(), {})]
    server.messages = [{**MESSAGE, **STATUS, **FILE, "type": "ready"}]
    check([command, "-"], stdin=content)


RESPONSES = st.lists(
    st.builds(Response, statuses, contents(STATUS) | contents(ERROR) | contents(ACCEPTED), headers) | failures,
    max_size=3,
)
MESSAGES = st.lists(
    mutations({**MESSAGE, **FILE, **ERROR}) | mutations({**MESSAGE, **FILE, "type": "ready"}), max_size=3
)


@fuzz(800)
@given(
    command=st.sampled_from(["status", "cancel", "watch", "request", "get"]),
    json_lines=st.booleans(),
    accepted=st.booleans(),
    responses=RESPONSES,
    messages=MESSAGES,
)
def test_responses_of_servers(
    server: Server,
    command: str,
    json_lines: bool,
    accepted: bool,
    responses: list[Response | Exception],
    messages: list[object],
) -> None:
    """`request` prints the response, so a ticket in it is printed."""
    first: list[Response | Exception] = [Response(202, json.dumps(ACCEPTED).encode(), {})] if accepted else []
    server.responses, server.messages = [*first, *responses], list(messages)
    more = ["--json"] if json_lines and command != "request" else []
    if command in ("request", "get"):
        output = ["-o", "x"] if command == "get" else []
        check([command, "https://api.example/v1", *output, *more], prints_ticket=command == "request")
    else:
        check([command, "-", *more], stdin=json.dumps(ACCEPTED).encode())
