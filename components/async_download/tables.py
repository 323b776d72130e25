"""The tables: Downloads by execution ARN, Connections by connection id; Copies by file where copies are reused."""

import pulumi_aws as aws

from async_download.scope import Scope

TTL_ATTRIBUTE = "expiresAt"


class Tables:
    """On demand, encrypted, and nothing stays in them for ever."""

    def __init__(self, scope: Scope) -> None:
        self.downloads = _table(scope, "downloads", "executionArn")
        self.connections = _table(scope, "connections", "connectionId")
        self.copies = _table(scope, "copies", "fileId") if scope.settings.reuse_seconds else None


def _table(scope: Scope, part: str, key: str) -> aws.dynamodb.Table:
    key_arn = scope.settings.kms_key_arn
    options = scope.data()
    options.delete_before_replace = True  # it has a name of its own, which its replacement could not share
    return aws.dynamodb.Table(
        scope.logical(part),
        name=scope.physical(part),
        billing_mode="PAY_PER_REQUEST",
        hash_key=key,
        attributes=[{"name": key, "type": "S"}],
        ttl={"attribute_name": TTL_ATTRIBUTE, "enabled": True},
        server_side_encryption={"enabled": True} if key_arn is None else {"enabled": True, "kms_key_arn": key_arn},
        deletion_protection_enabled=scope.settings.protect,
        point_in_time_recovery={"enabled": scope.settings.point_in_time_recovery},
        tags=scope.tags,
        opts=options,
    )
