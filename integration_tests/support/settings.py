"""The configuration that the suite deploys with."""

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
PAGE = "https://app.example.com"  # a web page's origin
IDLE = 20  # seconds until idle sockets are closed, of the stack where that is tried
MAX_FILE_MB = 260  # of the same stack
FOLLOWING: dict[str, object] = {"redirects": "any"}  # so that addresses behind redirects are checked, not hosts alone
Origins = dict[str, dict[str, object]]


@contextmanager
def origins_for(cloud: Cloud, base_url: str, given: str | None, secret_arn: str | None = None) -> Iterator[Origins]:
    """Our origin is `files`. On `closed` nobody listens, `nameless` has no address, `untrusted` speaks no TLS.

    With a secret there is also `guarded`, which is our origin again.

    Args:
        cloud: who has to reach them.
        base_url: our origin, on this machine.
        given: where else our origin can be reached, if it can.
        secret_arn: the secret that `guarded` is sent.

    Raises:
        MissingError: AWS cannot reach this machine.
    """
    if cloud.target is Target.AWS:
        if not given:
            raise MissingError(
                "AWS cannot reach this machine's origin: serve `localcloud.origin` where it can, and name it with "
                "--origin-url https://..."
            )
        ours: dict[str, object] = {"baseUrl": given}
        yield {
            FILES: ours | FOLLOWING,
            CLOSED: {"baseUrl": "https://closed.invalid/"},
            NAMELESS: {"baseUrl": NOWHERE},
            **_guarded(ours, secret_arn),
        }
        return
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, so that nobody else listens there, and not listened on
        nobody = f"http://127.0.0.1:{held.getsockname()[1]}/"
        ours = {"baseUrl": given or base_url, "allowHttp": True}
        yield {
            FILES: ours | FOLLOWING,
            CLOSED: {"baseUrl": nobody, "allowHttp": True},
            NAMELESS: {"baseUrl": NOWHERE},
            UNTRUSTED: {"baseUrl": base_url.replace("http:", "https:", 1)},
            **_guarded(ours, secret_arn),
        }


def _guarded(ours: dict[str, object], secret_arn: str | None) -> Origins:
    return {GUARDED: ours | {"secretHeaders": {SECRET_HEADER: secret_arn}}} if secret_arn else {}


@contextmanager
def origin_secret(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """ARN and value of a secret for an origin; deleted at the end."""
    client, value = cloud.client("secretsmanager"), secrets.token_urlsafe(32)
    made = client.create_secret(Name=f"async-download-e2e-{secrets.token_hex(4)}", SecretString=value)
    try:
        yield made["ARN"], value
    finally:
        client.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


def config_for(cloud: Cloud, origins: Origins, settings: Mapping[str, object]) -> dict[str, object]:
    """What every stack of the suite needs, and `settings`."""
    common: dict[str, object] = {"origins": origins, "protection.forceDestroy": True}
    if cloud.target is not Target.AWS:
        common |= {
            "encryption.tlsOnly": False,
            "cloud.loopbackOrigins": True,
            "cloud.executeApiUrl": cloud.execute_api_url,
        }
    return common | dict(cloud.settings) | dict(settings)
