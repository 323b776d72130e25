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
        cause = "StatusCode: 301, api error Moved Permanently"
    except ClientError as error:
        home, answer = "", error.response
        cause = f"StatusCode: {answer['ResponseMetadata']['HTTPStatusCode']}, api error {answer['Error']['Message']}"
    if home != aws.region:
        raise LookupFailedError(f"reading S3 Bucket ({name}): operation error S3: HeadBucket, {cause}")
    return {
        "id": name,
        "bucket": name,
        "region": aws.region,
        "bucketRegion": aws.region,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
    }


LOOKUPS: Mapping[str, Callable[[Aws, Properties], dict[str, Plain]]] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:s3/getBucket:getBucket": _bucket,
}
"""Token -> implementation."""
