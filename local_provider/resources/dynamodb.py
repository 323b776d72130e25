"""Tables."""

from collections.abc import Mapping
from typing import ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.tags import pairs, retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class Table(Resource):
    """A table, on demand or with a given capacity."""

    type = "aws:dynamodb/table:Table"
    implements = frozenset(
        {
            "name",
            "billingMode",
            "hashKey",
            "rangeKey",
            "attributes.name",
            "attributes.type",
            "ttl.attributeName",
            "ttl.enabled",
            "pointInTimeRecovery.enabled",
            "serverSideEncryption.kmsKeyArn",
            "deletionProtectionEnabled",
            "tags",
        }
    )
    inert: ClassVar[Mapping[str, str]] = {
        "serverSideEncryption.enabled": "the emulator keeps everything in memory, in clear"
    }
    replaces = frozenset({"name", "hashKey", "rangeKey", "attributes"})
    computed = frozenset({"region", "serverSideEncryption"})
    named_by = "name"
    name_limit = 255

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it and set what cannot be given at once."""
        name = inputs["name"]
        keys = [("hashKey", "HASH"), ("rangeKey", "RANGE")]
        made = aws.client("dynamodb").create_table(
            TableName=name,
            BillingMode=inputs.get("billingMode", "PROVISIONED"),
            KeySchema=[{"AttributeName": inputs[key], "KeyType": kind} for key, kind in keys if inputs.get(key)],
            AttributeDefinitions=[
                {"AttributeName": one["name"], "AttributeType": one["type"]} for one in inputs.get("attributes", [])
            ],
            **given(
                SSESpecification=_encryption(inputs.get("serverSideEncryption")),
                DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled"),
                Tags=pairs(inputs),
            ),
        )["TableDescription"]
        self._set(aws, name, {}, inputs)
        return Made(name, {"arn": made["TableArn"]})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Change what can be changed in place."""
        client = aws.client("dynamodb")
        changed = {key for key in ("billingMode", "deletionProtectionEnabled") if old.get(key) != new.get(key)}
        if changed:
            client.update_table(
                TableName=resource_id,
                BillingMode=new.get("billingMode", "PROVISIONED"),
                DeletionProtectionEnabled=bool(new.get("deletionProtectionEnabled")),
            )
        if old.get("serverSideEncryption") != new.get("serverSideEncryption"):
            chosen = _encryption(new.get("serverSideEncryption") or {})
            client.update_table(TableName=resource_id, SSESpecification=chosen)
        self._set(aws, resource_id, old, new)
        retag(
            old,
            new,
            lambda _: client.tag_resource(ResourceArn=old["arn"], Tags=pairs(new)),
            lambda names: client.untag_resource(ResourceArn=old["arn"], TagKeys=names),
        )
        return {"arn": old["arn"]}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its ARN, its key, its TTL and its tags."""
        client = aws.client("dynamodb")
        table = client.describe_table(TableName=resource_id)["Table"]
        arn = table["TableArn"]
        found: dict[str, Plain] = {"arn": arn}
        if "serverSideEncryption" in state:
            known = state["serverSideEncryption"] or {}
            key = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
            found["serverSideEncryption"] = {**known, "kmsKeyArn": key} if "kmsKeyArn" in known else known
        if "ttl" in state:
            ttl = client.describe_time_to_live(TableName=resource_id)["TimeToLiveDescription"]
            enabled = ttl["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
            found["ttl"] = {"attributeName": ttl.get("AttributeName", ""), "enabled": enabled}
        if "pointInTimeRecovery" in state:
            backups = client.describe_continuous_backups(TableName=resource_id)["ContinuousBackupsDescription"]
            status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
            found["pointInTimeRecovery"] = {"enabled": status == "ENABLED"}
        if "tags" in state:
            found["tags"] = {t["Key"]: t["Value"] for t in client.list_tags_of_resource(ResourceArn=arn)["Tags"]}
        return found

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it with its rows."""
        aws.client("dynamodb").delete_table(TableName=resource_id)

    def _set(self, aws: Aws, name: str, old: State, new: Inputs) -> None:
        client = aws.client("dynamodb")
        ttl = new.get("ttl")
        if ttl and ttl != old.get("ttl"):
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"AttributeName": ttl["attributeName"], "Enabled": bool(ttl.get("enabled"))},
            )
        recovery = new.get("pointInTimeRecovery")
        if recovery and recovery != old.get("pointInTimeRecovery", {"enabled": False}):
            client.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery["enabled"]}
            )


def _encryption(setting: Plain) -> Plain:
    if setting is None:
        return None
    key = setting.get("kmsKeyArn")
    by_key = {"SSEType": "KMS", "KMSMasterKeyId": key} if key else {}
    return {"Enabled": bool(setting.get("enabled")), **by_key}


RESOURCES = (Table(),)
