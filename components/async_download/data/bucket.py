"""The bucket of the copies, or what the owner of an existing one must add to it."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import names
from async_download.api import cors
from async_download.resources import Resources
from async_download.scope import Scope
from async_download.statements import Statement, deny, document

UNFINISHED_UPLOAD_DAYS = 7  # longer than any copy takes
LIFECYCLE_ID = "async-download"


def create_bucket(scope: Scope) -> pulumi.Output[str]:
    """Create the bucket without its configuration, and return its name."""
    bucket = aws.s3.Bucket(
        names.bucket_stem(scope.name),
        force_destroy=scope.settings.protection.force_destroy,
        tags=scope.tags,
        opts=scope.options(protect=True, retain_on_delete=True),
    )
    return bucket.bucket


def configure_bucket(scope: Scope, bucket: pulumi.Output[str], resources: pulumi.Output[Resources]) -> None:
    """Make the bucket private and encrypted, and let copies expire."""
    settings = scope.settings
    private = aws.s3.BucketPublicAccessBlock(
        scope.logical("copies-private"),
        bucket=bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=scope.options(retain_on_delete=True),
    )
    aws.s3.BucketOwnershipControls(
        scope.logical("copies-owner"),
        bucket=bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=scope.options(private, retain_on_delete=True),
    )
    encryption: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict
    encryption = {"sse_algorithm": "AES256"}
    if settings.encryption.kms_key_arn is not None:
        encryption = {"sse_algorithm": "aws:kms", "kms_master_key_id": settings.encryption.kms_key_arn}
    aws.s3.BucketServerSideEncryptionConfiguration(
        scope.logical("copies-encryption"),
        bucket=bucket,
        rules=[{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}],
        opts=scope.options(retain_on_delete=True),
    )
    aws.s3.BucketLifecycleConfiguration(
        scope.logical("copies-lifecycle"),
        bucket=bucket,
        rules=[lifecycle(settings.storage.prefix, settings.retention.object_expiration_days)],
        opts=scope.options(retain_on_delete=True),
    )
    if settings.api.cors_origins or settings.api.web_page:
        aws.s3.BucketCorsConfiguration(
            scope.logical("copies-cors"),
            bucket=bucket,
            cors_rules=[cors.bucket_rule(resources.apply(allowed_origins))],
            opts=scope.options(),
        )
    aws.s3.BucketPolicy(
        scope.logical("copies-policy"),
        bucket=bucket,
        policy=resources.apply(lambda resources: json.dumps(document(policy_statements(resources)))),
        opts=scope.options(private, retain_on_delete=True),
    )


def lifecycle(prefix: str, expiry_days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """Return the rule that deletes copies, their former versions and unfinished uploads."""
    return {
        "id": LIFECYCLE_ID,
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": expiry_days},
        "noncurrent_version_expiration": {"noncurrent_days": expiry_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
    }


def policy_statements(resources: Resources) -> list[Statement]:
    """Deny readers from other accounts, URLs that are too old, and plain http."""
    settings, bucket, objects = resources.settings, resources.bucket_arn, resources.objects_arn
    foreign = {"StringNotEquals": {"aws:PrincipalAccount": resources.account}}
    milliseconds = str(settings.retention.url_expires_seconds * 1000)
    statements = [
        deny("ForeignReaders", "s3:GetObject", objects, foreign),
        deny("OldSignatures", "s3:GetObject", objects, {"NumericGreaterThan": {"s3:signatureAge": milliseconds}}),
    ]
    plain = deny("PlainHttp", "s3:*", [bucket, f"{bucket}/*"], {"Bool": {"aws:SecureTransport": "false"}})
    return [*statements, plain] if settings.encryption.tls_only else statements


def allowed_origins(resources: Resources) -> list[str]:
    """Return the origins of the web pages that may fetch copies; the API itself is one where it serves a page."""
    settings = resources.settings
    api = resources.api_origins if settings.api.web_page and cors.ANY not in settings.api.cors_origins else []
    return [*settings.api.cors_origins, *api]


def owner_rules(scope: Scope, resources: pulumi.Output[Resources]) -> pulumi.Output[dict[str, Any]]:
    """Return what the bucket needs in the words of S3's API, for the owner of an existing bucket."""
    return pulumi.Output.all(resources=resources, key=scope.settings.encryption.kms_key_arn).apply(
        lambda values: _owner_rules(values["resources"], values["key"])
    )


def _owner_rules(resources: Resources, key: str | None) -> dict[str, Any]:
    settings, origins = resources.settings, allowed_origins(resources)
    rules: dict[str, Any] = {
        "policyStatements": policy_statements(resources),
        "lifecycleRule": _in_api(lifecycle(settings.storage.prefix, settings.retention.object_expiration_days)),
    }
    if origins:
        rules["corsRule"] = _in_api(cors.bucket_rule(origins))
    if key:
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules["encryptionRule"] = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}
    return rules


def _in_api(rule: object) -> object:
    """Return a rule with its fields as S3's API names them: `allowed_methods` is `AllowedMethods`, and `id` is `ID`."""
    if not isinstance(rule, Mapping):
        return rule
    return {
        "ID" if name == "id" else "".join(map(str.capitalize, name.split("_"))): _in_api(value)
        for name, value in rule.items()
    }
