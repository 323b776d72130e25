"""S3: buckets and their parts."""

from local_provider.aws import Aws
from local_provider.resource_type import Operation, Properties, Words, crud, members, put

_FLAGS = "blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets"
_ENCRYPTION = "rules.applyServerSideEncryptionByDefault"


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


RESOURCE_TYPES = (
    crud(
        "aws:s3/bucket:Bucket",
        "bucket! forceDestroy tags",
        update=Operation("PutBucketTagging", unset="DeleteBucketTagging"),
        read="HeadBucket",
        names={"Tagging.TagSet": "tags"},
        outputs={
            "arn": "arn:aws:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
        },
        named_by="bucket",
        name_limit=63,
        unread=Words("forceDestroy"),
        details={"tags": ("GetBucketTagging", "TagSet")},
        before_delete=_empty_bucket,
    ),
    put(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        f"bucket! {_FLAGS}",
        noun="PublicAccessBlock",
        names=members("PublicAccessBlockConfiguration", _FLAGS),
        defaults=dict.fromkeys(_FLAGS.split(), False),
    ),
    put(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "bucket! rule.objectOwnership",
        names={"OwnershipControls.Rules": "rule"},
    ),
    put(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        f"bucket! {_ENCRYPTION}.kmsMasterKeyId {_ENCRYPTION}.sseAlgorithm rules.bucketKeyEnabled",
        noun="BucketEncryption",
        names={"ServerSideEncryptionConfiguration.Rules": "rules"},
    ),
    put(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "bucket!",
        delete="DeleteBucketLifecycle",
        names={"LifecycleConfiguration.Rules": "rules"},
        inert={"rules": "the emulator keeps lifecycle rules and never applies them"},
        prepare=_lifecycle_rules,
    ),
    put("aws:s3/bucketPolicy:BucketPolicy", "bucket! policy"),
    put(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        """bucket! corsRules.allowedHeaders corsRules.allowedMethods corsRules.allowedOrigins
            corsRules.exposeHeaders corsRules.id corsRules.maxAgeSeconds""",
        noun="BucketCors",
        names={"CORSConfiguration.CORSRules": "corsRules"},
    ),
)
