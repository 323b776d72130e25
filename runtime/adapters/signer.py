"""Pre-signed URLs, by a role that may only read the prefix."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config

from runtime.adapters import aws
from runtime.models import SignedUrl

_SESSION_SECONDS = 3600  # the maximum when one role assumes another
_SIGNING = Config(
    signature_version="s3v4",
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
)


@dataclass
class RoleSigner:
    """`ports.Signer`: assumes the role, and assumes it again before the session is too short for a URL."""

    role_arn: str
    bucket: str
    seconds: int
    _client: Any = None
    _session_ends: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def warm_up(self) -> None:
        """Assume the role and sign a first URL."""
        self.sign("none", content_disposition="", content_type="")

    def sign(self, key: str, *, content_disposition: str, content_type: str) -> SignedUrl:
        """Return a URL for GET that ends after the configured time or with the session, whichever comes first."""
        with self._lock, aws.safe_errors("AssumeRole"):
            now = time.time()
            if now + self.seconds + 60 > self._session_ends:
                self._renew()
            seconds = int(min(self.seconds, self._session_ends - now))
            url = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": key,
                    "ResponseContentDisposition": content_disposition,
                    "ResponseContentType": content_type,
                },
                ExpiresIn=seconds,
            )
            return SignedUrl(url, int(now) + seconds)

    def _renew(self) -> None:
        session_name = f"async-download-{secrets.token_hex(6)}"  # unique, so that CloudTrail shows which session signed
        answer = aws.client("sts").assume_role(
            RoleArn=self.role_arn, RoleSessionName=session_name, DurationSeconds=_SESSION_SECONDS
        )
        credentials = answer["Credentials"]
        self._client = aws.create_client(
            "s3",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=_SIGNING,
        )
        self._session_ends = credentials["Expiration"].timestamp()
