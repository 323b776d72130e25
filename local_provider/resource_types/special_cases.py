"""Functions that records name: what a record alone does not describe."""

from typing import Any

from local_provider.aws import Aws
from local_provider.parameters import text_of
from local_provider.resource_type import Properties

_METHOD_SETTINGS = {
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def method_patches(_old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that sets every setting of a stage's methods."""
    texts = {_METHOD_SETTINGS[name]: text_of(value) for name, value in sorted(new["settings"].items())}
    return [{"op": "replace", "path": f"/{new['methodPath']}/{path}", "value": text} for path, text in texts.items()]


def stage_patches(old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that adds and removes stages of a usage plan."""
    plans = (old.get("apiStages") or [], new.get("apiStages") or [])
    before, after = ({f"{item['apiId']}:{item['stage']}" for item in plan} for plan in plans)
    stages = sorted(before - after) + sorted(after - before)
    steps = [("remove" if stage in before else "add", stage) for stage in stages]
    return [{"op": step, "path": "/apiStages", "value": stage} for step, stage in steps]


def remove_stages(aws: Aws, state: Properties) -> None:
    """Remove the stages of a usage plan, without which it cannot be deleted."""
    if patches := stage_patches(state, {}):
        aws.client("apigateway").update_usage_plan(usagePlanId=state["id"], patchOperations=patches)


def metric_queries(inputs: Properties) -> Properties:
    """Return queries with `metricStat` for `metric`, and with `returnData`, which CloudWatch has true by default."""
    queries = []
    for query in inputs.get("metricQueries") or []:
        metric = query.get("metric")
        stat = {"metricStat": {"metric": metric, **metric}} if metric else {}
        queries.append({"returnData": False, **query, **stat})
    return {"metricQueries": queries} if queries else {}


def table_keys(inputs: Properties) -> Properties:
    """Return key, attributes and encryption in DynamoDB's form."""
    roles = {"hashKey": "HASH", "rangeKey": "RANGE"}
    keys = [{"attributeName": inputs[name], "keyType": role} for name, role in roles.items() if name in inputs]
    attributes = inputs.get("attributes", [])
    definitions = [{"attributeName": item["name"], "attributeType": item["type"]} for item in attributes]
    has_key = (inputs.get("serverSideEncryption") or {}).get("kmsKeyArn")
    return {"keySchema": keys, "definitions": definitions} | ({"sseType": "KMS"} if has_key else {})


def empty_bucket(aws: Aws, state: Properties) -> None:
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


def lifecycle_rules(inputs: Properties) -> Properties:
    """Return lifecycle rules that each have a filter, which S3 demands."""
    return {"rules": [{"filter": {"prefix": ""}, **rule} for rule in inputs.get("rules") or []]}


def stop_running_executions(client: Any, machine_arn: str) -> None:
    """Stop every execution that runs; `client` is a client of Step Functions.

    Raises:
        botocore.exceptions.ClientError: an execution could not be stopped and still runs.
    """
    answers = client.get_paginator("list_executions").paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
    for arn in [execution["executionArn"] for answer in answers for execution in answer["executions"]]:
        try:
            client.stop_execution(executionArn=arn)
        except client.exceptions.ValidationException:  # the emulator's answer if it has ended since it was listed
            if client.describe_execution(executionArn=arn)["status"] == "RUNNING":
                raise


def stop_executions(aws: Aws, state: Properties) -> None:
    """Stop what still runs, so that the state machine is deleted at once."""
    stop_running_executions(aws.client("stepfunctions"), state["id"])
