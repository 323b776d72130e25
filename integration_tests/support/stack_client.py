"""The client's view of a stack: REST, WebSocket and the file behind a pre-signed URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from integration_tests.support.rest import Answer, Exchange, Rest
from integration_tests.support.sockets import Message, Socket

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Download:
    """A download as the REST API returned it: its id, its execution, and where to connect and to poll."""

    id: str
    execution_arn: str
    endpoint: str
    status_url: str

    @property
    def socket_url(self) -> str:
        """The endpoint without its ticket."""
        return self.endpoint.partition("?")[0]

    @property
    def ticket(self) -> str:
        """The ticket in the endpoint."""
        return self.endpoint.partition("?ticket=")[2]

    @property
    def ticket_header(self) -> dict[str, str]:
        """The ticket as a REST header."""
        return {"X-Download-Ticket": self.ticket}


@dataclass(frozen=True)
class FetchedFile:
    """The response of a URL; header names in lower case, the body as its size and its SHA-256."""

    status: int
    headers: Mapping[str, str]
    size: int
    sha256: str


class StackClient:
    """Calls the API of a stack.

    Attributes:
        rest: the REST API; it signs where the stack has `auth.type` iam.
        origin: the origin of requests that name none.
        secrets: tickets and signatures that the stack has handed out so far.
    """

    def __init__(self, rest: Rest, origin: str) -> None:
        self.rest = rest
        self.origin = origin
        self.secrets: set[str] = set()

    def post(self, path: str, *, key: str | None = None, **fields: str | int) -> Answer:
        """Send POST /downloads; return the answer, errors included. `key` is the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.rest.call("POST", "/downloads", {"origin": self.origin, "path": path, **fields}, headers)

    def request(self, path: str, *, key: str | None = None, **fields: str | int) -> Download:
        """Send POST /downloads, assert that it is accepted, and return the download."""
        answer = self.post(path, key=key, **fields)
        assert answer.status == 202, answer
        return self.parse_download(answer)

    def parse_download(self, answer: Answer) -> Download:
        """Return the download in an answer, and add its ticket to `secrets`."""
        body = answer.body
        download = Download(body["downloadId"], body["executionArn"], body["webSocketEndpoint"], body["statusUrl"])
        self.secrets.add(download.ticket.partition(".")[2])
        return download

    def status(self, download: Download) -> Answer:
        """Send GET /downloads/{id} with the ticket."""
        return self.rest.call("GET", download.status_url, headers=download.ticket_header)

    def cancel(self, download: Download) -> Answer:
        """Send DELETE /downloads/{id} with the ticket."""
        return self.rest.call("DELETE", download.status_url, headers=download.ticket_header)

    @staticmethod
    def connect(download: Download) -> Socket:
        """Open a WebSocket to the endpoint of the download."""
        return Socket(download.endpoint)

    def receive_end(self, download: Download, deadline: float = 30) -> Message:
        """Connect, and return the message `ready` or `failed`."""
        with self.connect(download) as socket:
            return socket.receive("ready", "failed", deadline=deadline)

    def receive_ready(self, download: Download, deadline: float = 30) -> Message:
        """Connect, and return the message `ready`; assert that it is not `failed`."""
        message = self.receive_end(download, deadline)
        assert message["type"] == "ready", message
        return message

    def fetch_when_ready(self, download: Download, deadline: float = 30) -> FetchedFile:
        """Connect, wait for `ready`, and GET its URL."""
        return self.fetch(self.receive_ready(download, deadline)["url"])

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> FetchedFile:
        """GET a URL without keeping its body, and add the URL's signature to `secrets`."""
        self.secrets.update(re.findall(r"X-Amz-Signature=([0-9a-f]{64})", url))
        digest, size = hashlib.sha256(), 0
        with Exchange("GET", url, headers=headers) as response:
            while chunk := response.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
            response_headers = {name.lower(): value for name, value in response.getheaders()}
            return FetchedFile(response.status, response_headers, size, digest.hexdigest())
