"""Buckets: which web pages may read what is in them."""

from typing import Any

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Setting, State, as_inputs, renamed
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class BucketCors(Setting):
    """Which web pages may read what is in a bucket."""

    type = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
    _RULE = ("allowedHeaders", "allowedMethods", "allowedOrigins", "exposeHeaders", "id", "maxAgeSeconds")
    implements = frozenset({"bucket", *(f"corsRules.{name}" for name in _RULE)})
    replaces = frozenset({"bucket"})
    gone = frozenset({"NoSuchBucket", "404", "NoSuchCORSConfiguration"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set the rules."""
        rules = [_cors_rule(rule) for rule in inputs["corsRules"]]
        aws.client("s3").put_bucket_cors(Bucket=inputs["bucket"], CORSConfiguration={"CORSRules": rules})
        return Made(inputs["bucket"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The rules."""
        found = aws.client("s3").get_bucket_cors(Bucket=resource_id)["CORSRules"]
        return {"corsRules": [_known_cors_rule(rule) for rule in found]}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take them away."""
        aws.client("s3").delete_bucket_cors(Bucket=resource_id)


def _cors_rule(rule: Inputs) -> dict[str, Any]:
    named: dict[str, Any] = renamed({name: value for name, value in rule.items() if name != "id"})
    return named | ({"ID": rule["id"]} if "id" in rule else {})


def _known_cors_rule(found: dict[str, Any]) -> dict[str, Plain]:
    rule: dict[str, Plain] = as_inputs({name: value for name, value in found.items() if name != "ID"})
    return rule | ({"id": found["ID"]} if "ID" in found else {})


RESOURCES = (BucketCors(),)
