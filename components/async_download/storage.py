"""Where copies are kept: a private bucket of ours, or one that its owner keeps configuring."""

from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import cors, names, service_policies
from async_download.scope import Scope, policy

UNFINISHED_UPLOAD_DAYS = 7  # the shortest life that no long copy outlasts
LIFECYCLE_ID = "async-download"


class Storage:
    """Name and ARN of the bucket, and what an owner of a given one must add to it."""

    def __init__(
        self,
        scope: Scope,
        table_arn: pulumi.Output[str],
        pages: pulumi.Output[list[str]],
        existing: pulumi.Input[str] | None,
    ) -> None:
        self.bucket: pulumi.Output[str]
        self.arn: pulumi.Output[str]
        if existing is None:
            bucket = _bucket(scope, table_arn, pages)
            self.bucket, self.arn = bucket.bucket, bucket.arn
        else:
            self.bucket = pulumi.Output.from_input(existing)
            self.arn = pulumi.Output.concat("arn:", table_arn.apply(_partition), ":s3:::", self.bucket)
        known = pulumi.Output.all(self.arn, table_arn, scope.settings.encryption.kms_key_arn, pages)
        self.rules = known.apply(lambda arns: _rules(scope, *arns))


def lifecycle(prefix: str, expiry_days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """The rule that leaves nothing behind: copies, their former versions, uploads that nobody finished."""
    return {
        "id": LIFECYCLE_ID,
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": expiry_days},
        "noncurrent_version_expiration": {"noncurrent_days": expiry_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
    }


def _bucket(scope: Scope, table_arn: pulumi.Output[str], pages: pulumi.Output[list[str]]) -> aws.s3.Bucket:
    settings = scope.settings
    bucket = aws.s3.Bucket(
        names.bucket_stem(scope.name),
        force_destroy=settings.protection.force_destroy,
        tags=scope.tags,
        opts=scope.data(),
    )
    private = aws.s3.BucketPublicAccessBlock(
        scope.logical("copies-private"),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=scope.retained(),
    )
    aws.s3.BucketOwnershipControls(
        scope.logical("copies-owner"),
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=scope.retained(private),
    )
    encryption: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict
    encryption = {"sse_algorithm": "AES256"}
    if settings.encryption.kms_key_arn is not None:
        encryption = {"sse_algorithm": "aws:kms", "kms_master_key_id": settings.encryption.kms_key_arn}
    aws.s3.BucketServerSideEncryptionConfiguration(
        scope.logical("copies-encryption"),
        bucket=bucket.bucket,
        rules=[{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}],
        opts=scope.retained(),
    )
    aws.s3.BucketLifecycleConfiguration(
        scope.logical("copies-lifecycle"),
        bucket=bucket.bucket,
        rules=[lifecycle(settings.storage.prefix, settings.retention.object_expiration_days)],
        opts=scope.retained(),
    )
    if settings.api.cors_origins or settings.api.web_page:
        aws.s3.BucketCorsConfiguration(
            scope.logical("copies-cors"),
            bucket=bucket.bucket,
            cors_rules=[cors.bucket_rule(pages)],
            opts=scope.child(),
        )
    aws.s3.BucketPolicy(
        scope.logical("copies-policy"),
        bucket=bucket.bucket,
        policy=policy(service_policies.bucket, **_policy_facts(scope, bucket.arn, table_arn.apply(names.account_id))),
        opts=scope.retained(private),
    )
    return bucket


def _rules(scope: Scope, bucket_arn: str, table_arn: str, kms_key: str | None, pages: list[str]) -> dict[str, Any]:
    """What the bucket needs, in the words of its own API: for the owner of a bucket that was given."""
    settings = scope.settings
    statements = service_policies.bucket(**_policy_facts(scope, bucket_arn, names.account_id(table_arn)))
    allowed = {"corsRule": cors.bucket_rule_of_its_api(pages)} if pages else {}
    key = {} if kms_key is None else {"encryptionRule": _encryption_of_its_api(kms_key)}
    return (
        allowed
        | key
        | {
            "policyStatements": statements,
            "lifecycleRule": {
                "ID": LIFECYCLE_ID,
                "Status": "Enabled",
                "Filter": {"Prefix": settings.storage.prefix},
                "Expiration": {"Days": settings.retention.object_expiration_days},
                "NoncurrentVersionExpiration": {"NoncurrentDays": settings.retention.object_expiration_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_UPLOAD_DAYS},
            },
        }
    )


def _encryption_of_its_api(kms_key: str) -> dict[str, Any]:
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
    return {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}


def _policy_facts(scope: Scope, bucket_arn: Any, account: Any) -> dict[str, Any]:
    settings = scope.settings
    return {
        "bucket": bucket_arn,
        "prefix": settings.storage.prefix,
        "account": account,
        "url_seconds": settings.retention.url_expires_seconds,
        "tls_only": settings.encryption.tls_only,
    }


def _partition(arn: str) -> str:
    return arn.split(":")[1]
