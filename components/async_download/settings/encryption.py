"""Encryption at rest and in transit."""

from dataclasses import dataclass

import pulumi

from async_download.keys import KEY_ARN
from async_download.settings.setting import Group, computed_text, flag


@dataclass(frozen=True)
class Encryption(Group):
    """Encryption at rest and in transit."""

    kms_key_arn: pulumi.Input[str] | None = computed_text(
        KEY_ARN,
        "the ARN of a KMS key, arn:aws:kms:{region}:{account}:key/{id}; not of an alias",
        "ARN of a customer-managed KMS key for copies, tables, logs and the dead-letter queue.",
        unset="keys of AWS",
    )
    tls_only: bool = flag(True, "Whether the bucket refuses plain http.")
