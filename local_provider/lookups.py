"""Functions of the provider, which read resources of other programs."""

from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from local_provider.aws import Aws
from local_provider.errors import LookupFailedError
from local_provider.resource_type import Properties
from local_provider.values import Plain


def _region(aws: Aws, _args: Properties) -> dict[str, Plain]:
    return {"id": aws.region, "name": aws.region, "region": aws.region}


def _bucket(aws: Aws, args: Properties) -> dict[str, Plain]:
    """Read a bucket as the official provider does: it does not follow the redirect to another region.

    boto3 would follow the redirect; Go's SDK, which that provider is built on, does not.
    """
    name = args["bucket"]
    try:
        home = aws.client("s3").head_bucket(Bucket=name)["BucketRegion"]
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise LookupFailedError(_failure(name, status, error.response["Error"]["Message"])) from error
    if home != aws.region:
        raise LookupFailedError(_failure(name, 301, "Moved Permanently"))
    return {
        "id": name,
        "bucket": name,
        "region": aws.region,
        "bucketRegion": home,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{home}.amazonaws.com",
    }


def _failure(bucket: str, status: int, message: str) -> str:
    return f"reading S3 Bucket ({bucket}): operation error S3: HeadBucket, StatusCode: {status}, api error {message}"


LOOKUPS: Mapping[str, Callable[[Aws, Properties], dict[str, Plain]]] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:s3/getBucket:getBucket": _bucket,
}
"""Token -> implementation."""
