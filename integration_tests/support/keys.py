"""A KMS key with the policy that the documentation asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_tests.support.clouds import Cloud

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
SHOWN = ("eu-central-1", "111122223333", "async-download-prod-files")
LEAST_DAYS = 7  # that AWS keeps a key which is to go


@contextmanager
def customer_key(cloud: Cloud, name_prefix: str) -> Iterator[str]:
    """Its ARN; it is scheduled to go afterwards."""
    kms, account = cloud.client("kms"), cloud.client("sts").get_caller_identity()["Account"]
    owner = {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    statements = [owner | {"Action": "kms:*", "Resource": "*"}, *_documented(cloud.region, account, name_prefix)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = kms.create_key(Description="an end-to-end run", Policy=policy)["KeyMetadata"]
    try:
        yield str(key["Arn"])
    finally:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=LEAST_DAYS)


def _documented(region: str, account: str, prefix: str) -> list[dict[str, object]]:
    """The statements of the documentation, for this stack."""
    (text,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL) if '"Logs"' in block]
    for shown, ours in zip(SHOWN, (region, account, prefix), strict=True):
        assert shown in text
        text = text.replace(shown, ours)
    found: list[dict[str, object]] = json.loads(text)
    return found
