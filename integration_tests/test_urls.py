"""Pre-signed URLs: Signature Version 4, for one object, for as long as was said, and nothing without them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit, urlunsplit

from integration_tests.support.sockets import Message
from integration_tests.support.stack import Stack, parse_time, unique_path


def ready_of(stack: Stack) -> Message:
    """The news of a small file."""
    with stack.client.connect(stack.client.request(unique_path("10"))) as socket:
        return socket.receive("ready")


def signed_with(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_url_is_sigv4_and_ends_when_it_was_said(stack: Stack) -> None:
    ready = ready_of(stack)
    query = signed_with(ready["url"])
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert f"/{stack.cloud.region}/s3/aws4_request" in query["X-Amz-Credential"]
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ends = signed_at.timestamp() + int(query["X-Amz-Expires"])
    assert int(query["X-Amz-Expires"]) <= 900
    assert abs(parse_time(ready["expiresAt"]).timestamp() - ends) <= 1
    assert ends <= time.time() + 900


def test_a_url_lives_no_longer_than_the_setting(strict_stack: Stack) -> None:
    ready = ready_of(strict_stack)
    assert int(signed_with(ready["url"])["X-Amz-Expires"]) <= 60
    assert parse_time(ready["expiresAt"]).timestamp() <= time.time() + 61


def test_the_object_is_refused_without_its_signature(stack: Stack) -> None:
    url = ready_of(stack)["url"]
    bare = urlunsplit(urlsplit(url)._replace(query=""))
    assert stack.client.fetch(bare).status == 403


def test_the_signature_is_of_one_object_only(stack: Stack) -> None:
    mine, other = ready_of(stack)["url"], ready_of(stack)["url"]
    crossed = urlunsplit(urlsplit(mine)._replace(path=urlsplit(other).path))
    assert stack.client.fetch(crossed).status == 403
    assert stack.client.fetch(mine).status == 200


def test_a_tampered_expiry_is_refused(stack: Stack) -> None:
    url = ready_of(stack)["url"]
    longer = url.replace(f"X-Amz-Expires={signed_with(url)['X-Amz-Expires']}", "X-Amz-Expires=604800")
    assert longer != url
    assert stack.client.fetch(longer).status == 403
