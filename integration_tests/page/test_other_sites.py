"""Requests that a page of another site sends to the emulator from a browser are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from integration_tests.support.attacks import TRUST, forged_query
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.security

SEND = """async ([endpoint, forged, object]) => {
  const url = `${endpoint}/?${forged}`
  const outcome = (target, options) => fetch(target, options).then((answer) => answer.type, () => 'blocked')
  const once = (element) => new Promise((end) => { element.onload = element.onerror = end })
  const outcomes = {
    simple: await outcome(url, {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'}, body: 'x'}),
    reset: await outcome(`${endpoint}/_ministack/reset`, {method: 'POST', mode: 'no-cors'}),
    readable: await outcome(url, {method: 'POST'}),
    preflight: await outcome(url, {method: 'PUT', headers: {'X-Amz-Target': 'x'}}),
    health: await outcome(`${endpoint}/_ministack/health`),
    object: await outcome(object),
  }
  const image = new Image()
  image.src = url
  await once(image)
  const frame = Object.assign(document.createElement('iframe'), {name: 'frame'})
  const form = Object.assign(document.createElement('form'), {action: url, method: 'POST', target: 'frame'})
  document.body.append(frame, form)
  form.submit()
  await once(frame)
  return outcomes
}"""


class Blank(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><link rel=icon href=data:,><body>")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def other_site() -> Iterator[str]:
    """URL of a page whose host differs from the emulator's, so that its requests are cross-site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def test_another_site_is_refused(browser: Browser, page_stack: Stack, cloud: Cloud, other_site: str) -> None:
    """Simple requests, preflights, images and forms get 403 and change nothing."""
    if cloud.target is not Target.EMULATOR:
        pytest.skip("Only the emulator has this filter: use --target emulator.")
    role = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "attack", "AssumeRolePolicyDocument": TRUST}
    forged = f"{urlencode(role)}&{forged_query('test', 'iam')}"
    secret = f"{cloud.endpoint}/{page_stack.operator.bucket}/object?{forged_query('test', 's3')}"
    page = browser.new_context().new_page()
    page.goto(other_site)
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    outcomes = page.evaluate(SEND, [cloud.endpoint, forged, secret])
    page.context.close()
    opaque = {name for name, outcome in outcomes.items() if outcome == "opaque"}  # sent; the page cannot read it
    assert opaque == {"simple", "reset"}
    assert {outcome for name, outcome in outcomes.items() if name not in opaque} == {"blocked"}
    assert len(statuses) >= 3
    assert set(statuses) == {403}, "the page cannot read these statuses"
    roles = cloud.client("iam").get_paginator("list_roles").paginate()
    names = {role["RoleName"] for listed in roles for role in listed["Roles"]}
    assert names, "the emulator was not reset"
    assert "attack" not in names
