"""Pre-signed URLs: signed with Signature Version 4, for one object, for a limited time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit, urlunsplit

from integration_tests.support.sockets import Message
from integration_tests.support.stack import Stack, parse_time, unique_path


def ready_of(stack: Stack) -> Message:
    """Return the `ready` message of a small file."""
    return stack.client.receive_ready(stack.client.request(unique_path("10")))


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_url_is_sigv4_and_expires_at_the_announced_time(stack: Stack) -> None:
    ready = ready_of(stack)
    query = query_of(ready["url"])
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert f"/{stack.cloud.region}/s3/aws4_request" in query["X-Amz-Credential"]
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    expires = signed_at.timestamp() + int(query["X-Amz-Expires"])
    assert int(query["X-Amz-Expires"]) <= 900
    assert abs(parse_time(ready["expiresAt"]).timestamp() - expires) <= 1
    assert expires <= time.time() + 900


def test_a_url_expires_after_the_configured_time(strict_stack: Stack) -> None:
    ready = ready_of(strict_stack)
    assert int(query_of(ready["url"])["X-Amz-Expires"]) <= 60
    assert parse_time(ready["expiresAt"]).timestamp() <= time.time() + 61


def test_the_object_is_refused_without_its_signature(stack: Stack) -> None:
    url = ready_of(stack)["url"]
    bare = urlunsplit(urlsplit(url)._replace(query=""))
    assert stack.client.fetch(bare).status == 403


def test_a_signature_of_another_object_is_refused(stack: Stack) -> None:
    mine, other = ready_of(stack)["url"], ready_of(stack)["url"]
    crossed = urlunsplit(urlsplit(mine)._replace(path=urlsplit(other).path))
    assert stack.client.fetch(crossed).status == 403
    assert stack.client.fetch(mine).status == 200


def test_a_tampered_expiry_is_refused(stack: Stack) -> None:
    url = ready_of(stack)["url"]
    longer = url.replace(f"X-Amz-Expires={query_of(url)['X-Amz-Expires']}", "X-Amz-Expires=604800")
    assert longer != url
    assert stack.client.fetch(longer).status == 403
