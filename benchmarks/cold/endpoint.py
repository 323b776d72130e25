"""A fake AWS and origin over TLS that answers one call of each function at once.

Started as `python endpoint.py CERTIFICATE`: prints its port and answers until its standard input ends. `STATUSES` maps
the id of a download to its status; other downloads are PENDING.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

READY, PENDING, COPYING = "a" * 32, "b" * 32, "c" * 32
STATUSES = {READY: "READY", COPYING: "COPYING"}
CONNECTION = "connection="
TICKET_SECRET = "x" * 43
MACHINE = "arn:aws:states:eu-west-1:123456789012:{}:async-download-test-files-transfer"
FILE = b"A small file, because the benchmark times the beginning of a copy.\n"
PART_SIZE, SLICED_SIZE = 8 * 1024**2, 256 * 1024**2
PARTS_OF_FIRST_SLICE = 8
_XML = "text/xml"


def execution_arn(download_id: str) -> str:
    """Return the ARN of a download's execution."""
    return f"{MACHINE.format('execution')}:{download_id}"


def download(arn: str) -> dict[str, Any]:
    """Return the item of a download."""
    download_id = arn.rpartition(":")[2]
    status = STATUSES.get(download_id, "PENDING")
    ticket_hash = hashlib.sha256(TICKET_SECRET.encode()).hexdigest()
    texts = {
        "executionArn": arn,
        "downloadId": download_id,
        "status": status,
        "origin": "files",
        "path": "file",
        "owner": "benchmark",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    item: dict[str, Any] = {name: {"S": value} for name, value in texts.items()}
    item |= {"expiresAt": {"N": "4102444800"}, "ticketHashes": {"L": [{"S": ticket_hash}]}}
    if status == "READY":
        item |= {
            "connectionIds": {"SS": [CONNECTION]},
            "size": {"N": str(len(FILE))},
            "objectKey": {"S": f"downloads/{download_id}"},
            "etag": {"S": '"e"'},
            "contentType": {"S": "text/plain"},
            "checksum": {"M": {"algorithm": {"S": "CRC32"}, "value": {"S": "AAAAAA=="}}},
        }
    if status == "COPYING":
        item |= {
            "size": {"N": str(SLICED_SIZE)},
            "uploadId": {"S": "upload"},
            "validator": {"M": {"header": {"S": "etag"}, "value": {"S": '"v"'}}},
            "contentType": {"S": "text/plain"},
        }
    return item


def dynamodb(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer GetItem and updates that return an item; all writes succeed."""
    key = {name: value["S"] for name, value in request.get("Key", {}).items()}
    item: dict[str, Any] = {}
    if "executionArn" in key:
        item = download(key["executionArn"])
    elif "connectionId" in key:
        item = {"connectionId": {"S": key["connectionId"]}, "executionArn": {"S": execution_arn(READY)}}
        item |= {"connectedAt": {"N": "1767225600000"}, "expiresAt": {"N": "4102444800"}}
    if operation == "GetItem":
        return {"Item": item} if item else {}
    return {"Attributes": item} if request.get("ReturnValues", "NONE") != "NONE" and item else {}


def json_service(target: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer a JSON service, whose operation is in the header X-Amz-Target."""
    service, _, operation = target.partition(".")
    if service.startswith("DynamoDB"):
        return dynamodb(operation, request)
    answers: dict[str, dict[str, Any]] = {
        "StartExecution": {"executionArn": execution_arn(PENDING), "startDate": 1},
        "StopExecution": {"stopDate": 1},
    }
    return answers.get(operation, {})


def assumed_role() -> str:
    """Answer AssumeRole."""
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        "<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
        "<SessionToken>token</SessionToken><Expiration>2099-12-31T00:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )


def list_parts(first: int, max_parts: int) -> str:
    """Answer ListParts with the parts of the first slice."""
    last = min(first + max_parts, PARTS_OF_FIRST_SLICE + 1)
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>e</ETag><Size>{PART_SIZE}</Size>"
        "<ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
        for number in range(first, last)
    )
    return f"<ListPartsResult><IsTruncated>false</IsTruncated>{parts}</ListPartsResult>"


class Handler(BaseHTTPRequestHandler):
    """Handles one connection; refuses unsigned requests, like AWS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_args: object) -> None:
        """Print nothing."""

    def record(self, operation: str) -> None:
        """Ignore the name of a request; a test overrides this to count them."""

    def _serve(self) -> None:
        url, body = urlsplit(self.path), self._body()
        self.record("AssumeRole" if b"Action=AssumeRole" in body else self.headers.get("X-Amz-Target") or url.path)
        if url.path.startswith("/origin/"):
            self._send(200, FILE, "text/plain", ETag='"v"')
        elif "Authorization" not in self.headers:
            self._send(403, b'{"__type":"MissingAuthenticationToken","message":"unsigned"}')
        elif target := self.headers.get("X-Amz-Target"):
            self._send(200, json.dumps(json_service(target, json.loads(body))).encode())
        elif b"Action=AssumeRole" in body:
            self._send(200, assumed_role().encode(), _XML)
        elif "uploadId" in (query := parse_qs(url.query)) and self.command == "GET":
            after, max_parts = (int(query.get(name, ["0"])[0]) for name in ("part-number-marker", "max-parts"))
            self._send(200, list_parts(after + 1, max_parts).encode(), _XML)
        elif self.command == "PUT":
            checksum = self.headers.get("x-amz-checksum-crc32", "")
            self._send(200, b"", **{"ETag": '"e"', "x-amz-checksum-crc32": checksum})
        elif self.command == "DELETE":
            self._send(204, b"")
        else:
            self._send(202 if "/invocations" in url.path else 200, b"")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: bytes, kind: str = "application/x-amz-json-1.0", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            if status != 204 or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """A TLS server whose handshakes run in the connections' own threads."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate: str, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection without waiting for its handshake."""
        raw, address = super().get_request()
        return self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Ignore closed connections."""


def main(certificate: str) -> None:
    """Serve until standard input ends."""
    server = Server(certificate, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
