"""Create a KMS key with the policy of docs/deploying.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_tests.support.clouds import Cloud

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
EXAMPLE_VALUES = ("eu-central-1", "111122223333", "async-download-prod-files")
MIN_PENDING_DAYS = 7


@contextmanager
def customer_key(cloud: Cloud, name_prefix: str) -> Iterator[str]:
    """Create the key, yield its ARN, and schedule its deletion."""
    kms, account = cloud.client("kms"), cloud.client("sts").get_caller_identity()["Account"]
    owner = {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    statements = [owner | {"Action": "kms:*", "Resource": "*"}, *_documented(cloud.region, account, name_prefix)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = kms.create_key(Description="an end-to-end run", Policy=policy)["KeyMetadata"]
    try:
        yield str(key["Arn"])
    finally:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=MIN_PENDING_DAYS)


def _documented(region: str, account: str, prefix: str) -> list[dict[str, object]]:
    """Return the statements of the documentation with this stack's values."""
    (text,) = [
        block
        for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        if '"Logs"' in block
    ]
    for example, value in zip(EXAMPLE_VALUES, (region, account, prefix), strict=True):
        assert example in text
        text = text.replace(example, value)
    statements: list[dict[str, object]] = json.loads(text)
    return statements
