"""The tables: downloads by execution ARN, connections by connection id; copies by file where copies are reused."""

import pulumi
import pulumi_aws as aws

from async_download.resources import CONNECTIONS_TABLE, COPIES_TABLE, DOWNLOADS_TABLE
from async_download.scope import Scope

TTL_ATTRIBUTE = "expiresAt"


class Tables:
    """Tables on demand, encrypted, whose items expire."""

    def __init__(self, scope: Scope) -> None:
        self.downloads = _table(scope, DOWNLOADS_TABLE, "executionArn")
        self.connections = _table(scope, CONNECTIONS_TABLE, "connectionId")
        self.copies = _table(scope, COPIES_TABLE, "fileId") if scope.settings.copying.reuse_seconds else None
        self.all = [table for table in (self.downloads, self.connections, self.copies) if table]


def _table(scope: Scope, part: str, key: str) -> aws.dynamodb.Table:
    return aws.dynamodb.Table(
        scope.logical(part),
        name=scope.physical(part),
        billing_mode="PAY_PER_REQUEST",
        hash_key=key,
        attributes=[{"name": key, "type": "S"}],
        ttl={"attribute_name": TTL_ATTRIBUTE, "enabled": True},
        server_side_encryption=_encryption(scope.settings.encryption.kms_key_arn),
        deletion_protection_enabled=scope.settings.protection.protect,
        point_in_time_recovery={"enabled": scope.settings.protection.point_in_time_recovery},
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True, protect=True, retain_on_delete=True),
    )


def _encryption(key_arn: pulumi.Input[str] | None) -> aws.dynamodb.TableServerSideEncryptionArgsDict:
    """Choose the customer's key, or the key that AWS owns and does not charge for.

    `enabled` means a KMS key of the account: without an ARN the AWS-managed one, whose requests are billed. It is false
    rather than left out, because the provider keeps what a table has when the setting is left out.
    """
    return {"enabled": False} if key_arn is None else {"enabled": True, "kms_key_arn": key_arn}
