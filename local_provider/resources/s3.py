"""Buckets and what is set on them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import (
    Inputs,
    Made,
    Resource,
    Setting,
    State,
    as_inputs,
    given,
    renamed,
    same_document,
)
from local_provider.values import Plain

__all__ = ["RESOURCES"]

_GONE = frozenset({"NoSuchBucket", "404", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration"})


class Bucket(Resource):
    """A bucket; with `forceDestroy` its objects and unfinished uploads are deleted with it."""

    type = "aws:s3/bucket:Bucket"
    implements = frozenset({"bucket", "forceDestroy", "tags"})
    replaces = frozenset({"bucket"})
    named_by = "bucket"
    name_limit = 63
    gone = _GONE

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it and tag it."""
        name = inputs["bucket"]
        aws.client("s3").create_bucket(Bucket=name)
        return Made(name, self._set(aws, name, inputs))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Tag it anew."""
        return self._set(aws, resource_id, new)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """See whether it is there, and its tags."""
        aws.client("s3").head_bucket(Bucket=resource_id)
        return {"tags": _tags(aws, resource_id)}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Empty it if it may be emptied, and remove it."""
        if state.get("forceDestroy"):
            _empty(aws.client("s3"), resource_id)
        aws.client("s3").delete_bucket(Bucket=resource_id)

    def _set(self, aws: Aws, name: str, inputs: Inputs) -> dict[str, Plain]:
        tags = inputs.get("tags") or {}
        if tags:
            tag_set = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
            aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set})
        elif _tags(aws, name):
            aws.client("s3").delete_bucket_tagging(Bucket=name)
        return {
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
            "bucketRegion": aws.region,
        }


class BucketPublicAccessBlock(Setting):
    """What keeps a bucket from being public."""

    type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    _FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    implements = frozenset({"bucket", *_FLAGS})
    replaces = frozenset({"bucket"})
    gone = _GONE | {"NoSuchPublicAccessBlockConfiguration"}

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set the four flags; one that is left out is false."""
        flags = {name[0].upper() + name[1:]: bool(inputs.get(name)) for name in self._FLAGS}
        bucket = inputs["bucket"]
        aws.client("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags)
        return Made(bucket, {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The four flags."""
        found = aws.client("s3").get_public_access_block(Bucket=resource_id)["PublicAccessBlockConfiguration"]
        return {name: bool(found.get(name[0].upper() + name[1:])) for name in self._FLAGS}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take them away."""
        aws.client("s3").delete_public_access_block(Bucket=resource_id)


class BucketOwnershipControls(Setting):
    """Who owns the objects of a bucket."""

    type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    implements = frozenset({"bucket", "rule.objectOwnership"})
    replaces = frozenset({"bucket"})
    gone = _GONE | {"OwnershipControlsNotFoundError"}

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set the rule."""
        rules = {"Rules": [renamed(inputs["rule"])]}
        aws.client("s3").put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls=rules)
        return Made(inputs["bucket"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The rule."""
        found = aws.client("s3").get_bucket_ownership_controls(Bucket=resource_id)["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": found[0]["ObjectOwnership"]}}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take it away."""
        aws.client("s3").delete_bucket_ownership_controls(Bucket=resource_id)


class BucketEncryption(Setting):
    """How objects are encrypted when nobody says."""

    type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    implements = frozenset(
        {
            "bucket",
            "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm",
            "rules.bucketKeyEnabled",
        }
    )
    replaces = frozenset({"bucket"})
    gone = _GONE | {"ServerSideEncryptionConfigurationNotFoundError"}

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set the rules."""
        rules = [
            given(
                ApplyServerSideEncryptionByDefault=_algorithm(rule.get("applyServerSideEncryptionByDefault")),
                BucketKeyEnabled=rule.get("bucketKeyEnabled"),
            )
            for rule in inputs["rules"]
        ]
        aws.client("s3").put_bucket_encryption(
            Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
        )
        return Made(inputs["bucket"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The rules."""
        found = aws.client("s3").get_bucket_encryption(Bucket=resource_id)["ServerSideEncryptionConfiguration"]
        return {"rules": [_encryption_rule(rule) for rule in found["Rules"]]}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Back to the service's own default."""
        aws.client("s3").delete_bucket_encryption(Bucket=resource_id)


class BucketLifecycle(Setting):
    """When objects and unfinished uploads end."""

    type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    implements = frozenset({"bucket"})
    inert: ClassVar[Mapping[str, str]] = {"rules": "the emulator keeps lifecycle rules and never runs them"}
    replaces = frozenset({"bucket"})
    gone = _GONE

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set the rules."""
        rules = [_lifecycle_rule(rule) for rule in inputs.get("rules") or []]
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
        )
        return Made(inputs["bucket"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The rules."""
        found = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=resource_id)["Rules"]
        return {"rules": [_known_rule(rule) for rule in found]}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take them away."""
        aws.client("s3").delete_bucket_lifecycle(Bucket=resource_id)


class BucketPolicy(Setting):
    """Who may do what with a bucket."""

    type = "aws:s3/bucketPolicy:BucketPolicy"
    implements = frozenset({"bucket", "policy"})
    replaces = frozenset({"bucket"})
    gone = _GONE

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
        return Made(inputs["bucket"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """The policy, in the program's own spelling while it says the same."""
        found = aws.client("s3").get_bucket_policy(Bucket=resource_id)["Policy"]
        return {"policy": same_document(state.get("policy"), found)}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take it away."""
        aws.client("s3").delete_bucket_policy(Bucket=resource_id)


def _algorithm(chosen: Plain) -> Plain:
    if chosen is None:
        return None
    return {"SSEAlgorithm": chosen["sseAlgorithm"], **given(KMSMasterKeyID=chosen.get("kmsMasterKeyId"))}


def _encryption_rule(found: dict[str, Any]) -> dict[str, Plain]:
    chosen = found.get("ApplyServerSideEncryptionByDefault", {})
    known = given(sseAlgorithm=chosen.get("SSEAlgorithm"), kmsMasterKeyId=chosen.get("KMSMasterKeyID"))
    return given(
        applyServerSideEncryptionByDefault=known or None,
        bucketKeyEnabled=found.get("BucketKeyEnabled"),
    )


def _known_rule(found: dict[str, Any]) -> dict[str, Plain]:
    rule: dict[str, Plain] = as_inputs({name: value for name, value in found.items() if name != "ID"})
    return {"id": found.get("ID"), **{name: value for name, value in rule.items() if value != {"prefix": ""}}}


def _lifecycle_rule(rule: Inputs) -> dict[str, Any]:
    renamed_rule: dict[str, Any] = renamed({key: value for key, value in rule.items() if key != "id"})
    return {"ID": rule["id"], "Filter": {"Prefix": ""}, **renamed_rule}


def _tags(aws: Aws, bucket: str) -> dict[str, str]:
    client = aws.client("s3")
    try:
        found = client.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in found}


def _empty(client: Any, bucket: str) -> None:
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if keys:
            client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


RESOURCES = (
    Bucket(),
    BucketPublicAccessBlock(),
    BucketOwnershipControls(),
    BucketEncryption(),
    BucketLifecycle(),
    BucketPolicy(),
)
