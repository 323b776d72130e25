"""Origins and settings of the stacks of the suite."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.errors import MissingError

FILES = "files"
CLOSED = "closed"
NAMELESS = "nameless"
UNTRUSTED = "untrusted"
NOWHERE = "https://nowhere.invalid/"
GUARDED = "guarded"
SECRET_HEADER = "X-Origin-Token"
PAGE_ORIGIN = "https://app.example.com"  # the origin of a web page
IDLE_SECONDS = 20  # until idle sockets of `strict_stack` are closed
MAX_FILE_MB = 260  # of `strict_stack`
ANY_REDIRECT: dict[str, object] = {"redirects": "any"}  # so that addresses are checked, not hosts alone
Origins = dict[str, dict[str, object]]


@contextmanager
def origins_for(
    cloud: Cloud, base_url: str, public_url: str | None, secret_arn: str | None = None
) -> Iterator[Origins]:
    """Yield the origins of a stack.

    `files` is the local origin. Nothing listens on `closed`, `nameless` has no address, `untrusted` speaks no TLS.
    With a secret, `guarded` is the local origin again.

    Args:
        cloud: the cloud that has to reach them.
        base_url: URL of the local origin on this machine.
        public_url: URL of the local origin for the cloud, if it differs.
        secret_arn: the secret that `guarded` gets in a header.

    Raises:
        MissingError: AWS cannot reach this machine.
    """
    if cloud.target is Target.AWS:
        if not public_url:
            raise MissingError(
                "AWS cannot reach this machine's origin: serve `localcloud.origin` where it can, and name it with "
                "--origin-url https://..."
            )
        local_origin: dict[str, object] = {"baseUrl": public_url}
        yield {
            FILES: local_origin | ANY_REDIRECT,
            CLOSED: {"baseUrl": "https://closed.invalid/"},
            NAMELESS: {"baseUrl": NOWHERE},
            **_guarded(local_origin, secret_arn),
        }
        return
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # no other process can listen on this port, and this one does not
        closed_url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        local_origin = {"baseUrl": public_url or base_url, "allowHttp": True}
        yield {
            FILES: local_origin | ANY_REDIRECT,
            CLOSED: {"baseUrl": closed_url, "allowHttp": True},
            NAMELESS: {"baseUrl": NOWHERE},
            UNTRUSTED: {"baseUrl": base_url.replace("http:", "https:", 1)},
            **_guarded(local_origin, secret_arn),
        }


def _guarded(local_origin: dict[str, object], secret_arn: str | None) -> Origins:
    return {GUARDED: local_origin | {"secretHeaders": {SECRET_HEADER: secret_arn}}} if secret_arn else {}


@contextmanager
def origin_secret(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Create a secret for an origin, yield its ARN and value, and delete it."""
    client, value = cloud.client("secretsmanager"), secrets.token_urlsafe(32)
    created = client.create_secret(Name=f"async-download-e2e-{secrets.token_hex(4)}", SecretString=value)
    try:
        yield created["ARN"], value
    finally:
        client.delete_secret(SecretId=created["ARN"], ForceDeleteWithoutRecovery=True)


def config_for(cloud: Cloud, origins: Origins, settings: Mapping[str, object]) -> dict[str, object]:
    """Return `settings` together with those that every stack of the suite needs."""
    common: dict[str, object] = {"origins": origins, "protection.forceDestroy": True}
    if cloud.target is not Target.AWS:
        common |= {
            "encryption.tlsOnly": False,
            "cloud.loopbackOrigins": True,
            "cloud.executeApiUrl": cloud.execute_api_url,
        }
    return common | dict(cloud.settings) | dict(settings)
