"""S3: buckets and their parts."""

from typing import Any

from local_provider.aws import Aws
from local_provider.resource_type import Operation, Operations, Properties, ResourceType, Words, crud, put


def _empty_bucket(aws: Aws, state: Properties) -> None:
    """Delete objects and unfinished uploads of a bucket that may be destroyed with them."""
    if not state.get("forceDestroy"):
        return
    client, bucket = aws.client("s3"), state["id"]
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        if keys:
            client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _lifecycle_rules(inputs: Properties) -> Properties:
    """Return lifecycle rules that each have a filter, which S3 demands."""
    return {"rules": [{"filter": {"prefix": ""}, **rule} for rule in inputs.get("rules") or []]}


def _part(name: str, operations: Operations, inputs: str, names: dict[str, str], **more: Any) -> ResourceType:
    """Return the resource type of a part of a bucket, which is found by the bucket's name."""
    return ResourceType(
        type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        operations=operations,
        id="{bucket}",
        inputs=Words(f"bucket {inputs}"),
        names=names,
        replaces=Words("bucket"),
        **more,
    )


BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    service="s3",
    operations=crud("Bucket", update=(Operation("PutBucketTagging", unset="DeleteBucketTagging"),), read="HeadBucket"),
    id="{bucket}",
    inputs=Words("bucket forceDestroy tags"),
    names={"Tagging.TagSet": "tags"},
    outputs={
        "arn": "arn:aws:s3:::{bucket}",
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        "bucketRegion": "{region}",
    },
    replaces=Words("bucket"),
    named_by="bucket",
    name_limit=63,
    unread=Words("forceDestroy"),
    details={"tags": ("GetBucketTagging", "TagSet")},
    before_delete=_empty_bucket,
)
_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PUBLIC_ACCESS_BLOCK = _part(
    "BucketPublicAccessBlock",
    put("PublicAccessBlock"),
    " ".join(_FLAGS),
    {f"PublicAccessBlockConfiguration.{flag[0].upper()}{flag[1:]}": flag for flag in _FLAGS},
    defaults=dict.fromkeys(_FLAGS, False),
)
OWNERSHIP_CONTROLS = _part(
    "BucketOwnershipControls",
    put("BucketOwnershipControls"),
    "rule.objectOwnership",
    {"OwnershipControls.Rules": "rule"},
)
_DEFAULT_ENCRYPTION = "rules.applyServerSideEncryptionByDefault"
ENCRYPTION = _part(
    "BucketServerSideEncryptionConfiguration",
    put("BucketEncryption"),
    f"{_DEFAULT_ENCRYPTION}.kmsMasterKeyId {_DEFAULT_ENCRYPTION}.sseAlgorithm rules.bucketKeyEnabled",
    {"ServerSideEncryptionConfiguration.Rules": "rules"},
)
LIFECYCLE = _part(
    "BucketLifecycleConfiguration",
    put("BucketLifecycleConfiguration", delete="DeleteBucketLifecycle"),
    "",
    {"LifecycleConfiguration.Rules": "rules"},
    inert={"rules": "the emulator keeps lifecycle rules and never applies them"},
    prepare=_lifecycle_rules,
)
POLICY = _part("BucketPolicy", put("BucketPolicy"), "policy", {})
_CORS = ("allowedHeaders", "allowedMethods", "allowedOrigins", "exposeHeaders", "id", "maxAgeSeconds")
CORS = _part(
    "BucketCorsConfiguration",
    put("BucketCors"),
    " ".join(f"corsRules.{name}" for name in _CORS),
    {"CORSConfiguration.CORSRules": "corsRules"},
)

RESOURCE_TYPES = (BUCKET, PUBLIC_ACCESS_BLOCK, OWNERSHIP_CONTROLS, ENCRYPTION, LIFECYCLE, POLICY, CORS)
