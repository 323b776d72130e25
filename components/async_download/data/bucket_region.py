"""Check at deploy time that an existing bucket is in the stack's region: elsewhere, each copy would fail."""

import pulumi
import pulumi_aws as aws

from async_download.scope import Scope
from async_download.settings.checks import InvalidSetting


def existing_bucket(scope: Scope) -> pulumi.Output[str] | None:
    """Return the name of the existing bucket that the stack copies into, or None without one.

    A name that is known is looked up now, before anything is created, and in previews too; a computed one once it is
    known. The component's own provider looks it up, for the default one may work in another region.

    Raises:
        InvalidSetting: the bucket is in another region, or cannot be looked up.
    """
    bucket = scope.settings.storage.bucket

    def check(name: str) -> str:
        _require_region(name, pulumi.InvokeOptions(parent=scope.component))
        return name

    if bucket is None:
        return None
    return bucket.apply(check) if isinstance(bucket, pulumi.Output) else pulumi.Output.from_input(check(str(bucket)))


def _require_region(bucket: str, opts: pulumi.InvokeOptions) -> None:
    region = aws.get_region(opts=opts).region
    try:
        bucket_region = aws.s3.get_bucket(bucket=bucket, opts=opts).bucket_region
    except Exception as error:  # the SDK raises nothing narrower when the provider fails
        # S3 redirects a request for a bucket of another region. The provider reports that as a failure that does not
        # name the region, in some versions exactly as it reports a missing permission.
        allowed = f"a bucket in {region}, the region of the stack, that the deploying role may see (s3:ListBucket)"
        reason = " ".join(str(error).split()).rstrip(".")
        raise InvalidSetting("storage.bucket", bucket, f"{allowed}; looking it up failed: {reason}") from error
    if bucket_region != region:
        allowed = f"a bucket in {region}, the region of the stack; this one is in {bucket_region}"
        raise InvalidSetting("storage.bucket", bucket, allowed)
