"""`doctor`: each check finds what it is for, and says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from async_download_admin.commands.doctor import FAILED, doctor
from async_download_admin.doctor import CHECKS, Finding, Status, run_checks
from async_download_admin.doctor.logs import check_log_groups
from async_download_admin.doctor.statements import allows, canonical, holds
from async_download_admin.stack import Stack
from botocore.exceptions import EndpointConnectionError

from admin.tests.conftest import MakeStack
from admin.tests.support.fake_aws import KEY, OUTPUTS, PREFIX, FakeAws, refusal

LOG_GROUP = f"/aws/vendedlogs/states/{PREFIX}-transfer"
LIFECYCLE = OUTPUTS["bucketRules"]["lifecycleRule"]
STATEMENTS = OUTPUTS["bucketRules"]["policyStatements"]
KEY_STATEMENT = {
    "Sid": "Logs",
    "Effect": "Allow",
    "Action": ["kms:Decrypt*", "kms:GenerateDataKey*"],
    "Resource": KEY,
    "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
    "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": ["arn:a", "arn:b"]}},
}
CORS = {
    "ID": "async-download",
    "AllowedOrigins": ["https://app.example.com"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["Range"],
    "ExposeHeaders": ["ETag"],
}
ENCRYPTION = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}


def definition(concurrency: int) -> str:
    states = {"Copy": {"Type": "Task"}, "CopySlices": {"Type": "Map", "MaxConcurrency": concurrency}}
    return json.dumps({"StartAt": "Copy", "States": states})


def machine(**changes: Any) -> dict[str, Any]:
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:r:a:log-group:{LOG_GROUP}:*"}}
    logging = {"level": "ERROR", "includeExecutionData": False, "destinations": [destination]}
    return {"name": "m", "status": "ACTIVE", "definition": definition(8), "loggingConfiguration": logging} | changes


def log_groups(*missing: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    names = [LOG_GROUP, *(f"/aws/lambda/{name}" for name in OUTPUTS["functionNames"].values())]
    groups: list[dict[str, Any]] = [
        {"logGroupName": name, "retentionInDays": 30} for name in names if name not in missing
    ]
    return lambda parameters: {
        "logGroups": [group for group in groups if group["logGroupName"].startswith(parameters["logGroupNamePrefix"])]
    }


def healthy_answers() -> dict[str, Any]:
    """Return answers for a stack without problems."""
    limits = {"throttlingRateLimit": 50.0, "throttlingBurstLimit": 100}
    return {
        "lambda.GetFunctionConfiguration": {"State": "Active", "LastUpdateStatus": "Successful"},
        "lambda.GetFunctionConcurrency": {},
        "lambda.GetAccountSettings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        "service-quotas.ListRequestedServiceQuotaChangeHistoryByQuota": {"RequestedQuotas": []},
        "stepfunctions.DescribeStateMachine": machine(),
        "logs.DescribeLogGroups": log_groups(),
        "apigateway.GetStage": {"methodSettings": {"*/*": limits}},
        "apigatewayv2.GetStage": {"DefaultRouteSettings": {"ThrottlingRateLimit": 50.0, "ThrottlingBurstLimit": 100}},
        "apigateway.GetAccount": {"throttleSettings": {"rateLimit": 10_000.0, "burstLimit": 5_000}},
        "dynamodb.DescribeTimeToLive": {
            "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}
        },
        "sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "s3.HeadBucket": {"BucketRegion": "eu-central-1"},
        "s3.GetBucketPolicy": {"Policy": json.dumps({"Statement": STATEMENTS})},
        "s3.GetBucketLifecycleConfiguration": {"Rules": [LIFECYCLE]},
        "s3.GetBucketCors": {"CORSRules": [CORS]},
        "s3.GetBucketEncryption": {"ServerSideEncryptionConfiguration": {"Rules": [ENCRYPTION]}},
        "kms.DescribeKey": {"KeyMetadata": {"KeyId": KEY, "KeyState": "Enabled"}},
        "kms.GetKeyPolicy": {"Policy": json.dumps({"Statement": [KEY_STATEMENT]})},
    }


@pytest.fixture
def answers(aws: FakeAws) -> dict[str, Any]:
    """Answers for a stack without problems."""
    aws.answers |= healthy_answers()
    return aws.answers


@pytest.fixture
def check(make_stack: MakeStack) -> Callable[..., Finding]:
    """Runs one check; keywords replace outputs."""

    def run(name: str, **outputs: Any) -> Finding:
        return run_checks(make_stack("doctor", **outputs))[name]

    return run


Check = Callable[..., Finding]
FULL = {
    "keyPolicyStatements": [KEY_STATEMENT],
    "bucketRules": OUTPUTS["bucketRules"] | {"corsRule": CORS, "encryptionRule": ENCRYPTION},
}


@pytest.mark.usefixtures("answers")
def test_a_stack_without_problems_has_none(make_stack: MakeStack) -> None:
    result = doctor(make_stack("doctor", **FULL))
    assert isinstance(result.content, dict)
    statuses = {entry["check"]: entry["status"] for entry in result.content["checks"]}
    assert statuses == {"credentials": "ok"} | dict.fromkeys(CHECKS, "ok") | {"access logs": "skipped"}
    assert result.exit_code == 0
    assert all(line.count("To do:") <= 1 for line in result.text.splitlines())


@pytest.mark.parametrize(
    ("changes", "name", "status", "words"),
    [
        (
            {"lambda.GetFunctionConfiguration": {"State": "Failed", "StateReason": "The subnet is gone"}},
            "functions",
            "failed",
            "The subnet is gone",
        ),
        (
            {"lambda.GetFunctionConfiguration": {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "No ENI"}},
            "functions",
            "failed",
            "No ENI",
        ),
        (
            {"lambda.GetFunctionConfiguration": {"State": "Pending"}},
            "functions",
            "warning",
            "wait a minute",
        ),
        (
            {"lambda.GetFunctionConcurrency": {"ReservedConcurrentExecutions": 0}},
            "requests",
            "warning",
            "drain --undo",
        ),
        (
            {
                "lambda.GetAccountSettings": {
                    "AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 9}
                }
            },
            "concurrency",
            "warning",
            "a large file uses 8 executions; 9 of the account's 10 .*L-B99A9384",
        ),
        (
            {
                "service-quotas.ListRequestedServiceQuotaChangeHistoryByQuota": {
                    "RequestedQuotas": [{"Status": "DENIED"}, {"Status": "PENDING", "DesiredValue": 1000.0}]
                }
            },
            "quota request",
            "warning",
            "1000 concurrent executions are requested",
        ),
        (
            {"service-quotas.ListRequestedServiceQuotaChangeHistoryByQuota": EndpointConnectionError(endpoint_url="x")},
            "quota request",
            "skipped",
            "available in the region",
        ),
        ({"stepfunctions.DescribeStateMachine": machine(status="DELETING")}, "state machines", "failed", "deleted"),
        (
            {"stepfunctions.DescribeStateMachine": machine(loggingConfiguration={"level": "OFF"})},
            "state machines",
            "warning",
            "errors of slices are not logged",
        ),
        (
            {
                "stepfunctions.DescribeStateMachine": machine(
                    loggingConfiguration=machine()["loggingConfiguration"] | {"includeExecutionData": True}
                )
            },
            "state machines",
            "warning",
            "inputs and outputs",
        ),
        ({"logs.DescribeLogGroups": log_groups(LOG_GROUP)}, "state machines", "failed", f"{LOG_GROUP} is missing"),
        (
            {"logs.DescribeLogGroups": log_groups(f"/aws/lambda/{PREFIX}-fail")},
            "log groups",
            "failed",
            f"missing, so nothing is logged: /aws/lambda/{PREFIX}-fail",
        ),
        (
            {
                "logs.DescribeLogGroups": lambda _: {
                    "logGroups": [{"logGroupName": f"/aws/lambda/{name}"} for name in OUTPUTS["functionNames"].values()]
                }
            },
            "log groups",
            "warning",
            "kept for ever",
        ),
        (
            {"apigateway.GetStage": {"accessLogSettings": {"destinationArn": "arn:logs"}, "methodSettings": {}}},
            "access logs",
            "failed",
            "no CloudWatch role .*manageApiGatewayAccount",
        ),
        (
            {
                "apigateway.GetStage": {"accessLogSettings": {"destinationArn": "arn:logs"}},
                "apigateway.GetAccount": {"cloudwatchRoleArn": "arn:role"},
            },
            "access logs",
            "ok",
            "REST, written by arn:role",
        ),
        ({"apigateway.GetStage": {}}, "throttling", "failed", "accepts no request"),
        (
            {"apigateway.GetAccount": {"throttleSettings": {"rateLimit": 40.0, "burstLimit": 5000}}},
            "throttling",
            "warning",
            "the account allows 40 and 5000",
        ),
        ({"apigateway.GetAccount": {}}, "throttling", "skipped", "Service Quotas"),
        (
            {"dynamodb.DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}},
            "expiry of items",
            "failed",
            f"{PREFIX}-downloads is DISABLED",
        ),
        (
            {"sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessagesNotVisible": "2"}}},
            "dead-letter queue",
            "warning",
            "2 messages.*redrive",
        ),
        ({"s3.HeadBucket": {"BucketRegion": "us-east-1"}}, "bucket region", "failed", "in us-east-1: every copy fails"),
        ({"s3.HeadBucket": refusal("301", status=301)}, "bucket region", "failed", "another region"),
        ({"s3.HeadBucket": refusal("404", status=404)}, "bucket region", "failed", "does not exist"),
        ({"s3.HeadBucket": refusal("SlowDown", status=503)}, "bucket region", "failed", "SlowDown"),
        ({"s3.GetBucketPolicy": refusal("NoSuchBucketPolicy")}, "bucket rules", "failed", "statement ForeignReaders"),
        (
            {"s3.GetBucketLifecycleConfiguration": refusal("NoSuchLifecycleConfiguration")},
            "bucket rules",
            "failed",
            "Expiration after 7 days, .*NoncurrentVersionExpiration .*AbortIncompleteMultipartUpload",
        ),
        (
            {"s3.GetBucketLifecycleConfiguration": {"Rules": [LIFECYCLE | {"Status": "Disabled"}]}},
            "bucket rules",
            "failed",
            "lifecycle's Expiration",
        ),
        (
            {"s3.GetBucketLifecycleConfiguration": {"Rules": [LIFECYCLE | {"Filter": {"Prefix": "other/"}}]}},
            "bucket rules",
            "failed",
            "lifecycle's Expiration",
        ),
        (
            {"s3.GetBucketLifecycleConfiguration": {"Rules": [LIFECYCLE | {"Expiration": {"Days": 8}}]}},
            "bucket rules",
            "failed",
            "lacks the lifecycle's Expiration after 7 days. To do",
        ),
        ({"s3.GetBucketCors": refusal("NoSuchCORSConfiguration")}, "bucket rules", "failed", "lacks the CORS rule"),
        (
            {"s3.GetBucketCors": {"CORSRules": [CORS | {"AllowedOrigins": ["https://other.example.com"]}]}},
            "bucket rules",
            "failed",
            "the CORS rule",
        ),
        (
            {"s3.GetBucketEncryption": refusal("ServerSideEncryptionConfigurationNotFoundError")},
            "bucket rules",
            "failed",
            "encryption with the stack's key",
        ),
        ({"s3.GetBucketPolicy": refusal("AccessDenied", status=403)}, "bucket rules", "skipped", "s3:GetBucketPolicy"),
        (
            {"kms.DescribeKey": {"KeyMetadata": {"KeyId": KEY, "KeyState": "PendingDeletion"}}},
            "KMS key",
            "failed",
            "PendingDeletion",
        ),
        ({"kms.GetKeyPolicy": {"Policy": "{}"}}, "KMS key", "failed", "lacks Logs.*keyPolicyStatements"),
        ({"kms.DescribeKey": refusal("NotFoundException")}, "KMS key", "failed", "does not exist"),
    ],
)
def test_a_problem_is_found_with_what_to_do(
    answers: dict[str, Any], make_stack: MakeStack, changes: dict[str, Any], name: str, status: str, words: str
) -> None:
    answers |= changes
    result = doctor(make_stack("doctor", **FULL))
    (line,) = [line for line in result.text.splitlines() if line.startswith(name)]
    assert line.removeprefix(name).split()[0] == status, line
    assert re.search(words, line), line
    assert isinstance(result.content, dict)
    assert (result.exit_code == FAILED) is (result.content["counts"]["failed"] > 0)


def test_slices_with_reserved_executions_are_compared_with_these(answers: dict[str, Any], check: Check) -> None:
    functions = {"functionNames": OUTPUTS["functionNames"] | {"copy_slice": f"{PREFIX}-copy-slice"}}
    answers["lambda.GetFunctionConcurrency"] = {"ReservedConcurrentExecutions": 8}
    assert check("concurrency", **functions).status is Status.OK
    answers["lambda.GetFunctionConcurrency"] = {"ReservedConcurrentExecutions": 7}
    assert check("concurrency", **functions).status is Status.WARNING


@pytest.mark.usefixtures("answers")
def test_parts_that_the_stack_does_not_use_are_skipped(check: Check) -> None:
    assert check("KMS key").status is Status.SKIPPED
    assert check("bucket rules", bucketRules=None).status is Status.SKIPPED


def test_a_lifecycle_in_the_old_notation_counts(answers: dict[str, Any], check: Check) -> None:
    rule = {name: value for name, value in LIFECYCLE.items() if name != "Filter"}
    answers["s3.GetBucketLifecycleConfiguration"] = {"Rules": [rule | {"Prefix": ""}]}
    assert check("bucket rules").status is Status.OK
    answers["s3.GetBucketLifecycleConfiguration"] = {"Rules": [rule | {"Filter": {"ObjectSizeGreaterThan": 1}}]}
    assert check("bucket rules").status is Status.FAILED


def test_an_unusable_account_skips_all_other_checks(answers: dict[str, Any], stack: Stack, aws: FakeAws) -> None:
    answers["sts.GetCallerIdentity"] = refusal("ExpiredToken")
    findings = run_checks(stack)
    assert findings.pop("credentials").status is Status.FAILED
    assert {finding.status for finding in findings.values()} == {Status.SKIPPED}
    assert aws.names == ["sts.GetCallerIdentity"]


def test_a_missing_permission_skips_its_check_only(answers: dict[str, Any], check: Check) -> None:
    answers["sqs.GetQueueAttributes"] = refusal("AccessDenied")
    finding = check("dead-letter queue")
    assert (finding.status, finding.text) == (Status.SKIPPED, "needs the IAM permission sqs:GetQueueAttributes")
    assert check("functions").status is Status.OK


@pytest.mark.parametrize(
    ("changes", "is_allowed"),
    [
        ({}, True),
        ({"Sid": "Other", "Resource": "*"}, True),
        ({"Action": "kms:*"}, True),
        ({"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": ["arn:b", "arn:a"]}}}, True),
        ({"Condition": None}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": ["s3.amazonaws.com", "logs.eu-central-1.amazonaws.com"]}}, True),
        ({"Effect": "Deny"}, False),
        ({"Action": ["kms:Decrypt*"]}, False),
        ({"Resource": "arn:aws:kms:eu-central-1:111122223333:key/other"}, False),
        ({"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}, False),
        ({"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": ["arn:a"]}}}, False),
    ],
)
def test_a_statement_has_to_allow_what_is_needed(changes: dict[str, Any], is_allowed: bool) -> None:
    assert allows([KEY_STATEMENT | changes], KEY_STATEMENT) is is_allowed


def test_statements_that_say_the_same_are_equal() -> None:
    (needed,) = STATEMENTS
    same = needed | {"Sid": "x", "Action": ["s3:GetObject"], "Principal": {"AWS": "*"}}
    assert canonical(same) == canonical(needed)
    assert holds([same], needed)
    assert not holds([needed | {"Effect": "Allow"}], needed)


def test_log_groups_are_looked_for_under_the_prefix_of_the_stack(make_stack: MakeStack, aws: FakeAws) -> None:
    names = [f"/company/files/{name}" for name in OUTPUTS["functionNames"].values()]
    groups = [{"logGroupName": name, "retentionInDays": 30} for name in names]
    aws.answers["logs.DescribeLogGroups"] = lambda parameters: {
        "logGroups": groups if parameters["logGroupNamePrefix"] == "/company/files" else []
    }
    assert check_log_groups(make_stack(logGroupPrefix="/company/files")).status == "ok"
