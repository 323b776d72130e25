"""Check policies and definitions of a deployment with cfn-lint, as properties of CloudFormation resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.components.support.harness import Deployment, RegisteredResource

ROLE = "arn:aws:iam::123456789012:role/transfer"
KINDS: dict[tuple[str, str], str] = {
    ("iam/role:Role", "assumeRolePolicy"): "AWS::IAM::Role",
    ("iam/rolePolicy:RolePolicy", "policy"): "AWS::IAM::RolePolicy",
    ("s3/bucketPolicy:BucketPolicy", "policy"): "AWS::S3::BucketPolicy",
    ("sqs/queuePolicy:QueuePolicy", "policy"): "AWS::SQS::QueuePolicy",
    ("sfn/stateMachine:StateMachine", "definition"): "AWS::StepFunctions::StateMachine",
}


class Document(NamedTuple):
    """JSON document of a resource: an IAM policy or the definition of a state machine."""

    kind: str
    text: str


class Finding(NamedTuple):
    """Finding of the linter: `E3510` is an error, `W3037` a warning, `I3510` information."""

    where: str
    rule: str
    message: str


def documents(deployment: Deployment) -> dict[str, Document]:
    """Return all documents, by resource and input."""
    documents = {}
    for item in deployment.custom:
        for key, value in item.inputs.items():
            if is_document(value):
                documents[f"{item.name} {key}"] = Document(_kind(item, key), value)
    return documents


def is_document(value: object) -> bool:
    """Return whether an input is a policy or a definition."""
    if not isinstance(value, str) or not value.startswith("{"):
        return False
    try:
        content = json.loads(value)
    except ValueError:
        return False
    return "Statement" in content or "StartAt" in content


def findings(documents: Mapping[str, Document]) -> list[Finding]:
    """Return all findings of cfn-lint, including information."""
    from cfnlint.api import lint  # half a second, which most workers of a test run need not spend
    from cfnlint.config import ManualArgs

    names = list(documents)
    resources = {f"R{number}": _resource(f"R{number}", *documents[name]) for number, name in enumerate(names)}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    matches: Iterable[Any] = lint(
        json.dumps(template), config=ManualArgs(include_checks=["I", "W", "E"], regions=["eu-west-1"])
    )
    return [Finding(names[int(match.path[1][1:])], match.rule.id, match.message) for match in matches]


def _kind(item: RegisteredResource, key: str) -> str:
    kind = KINDS.get((item.type.removeprefix("aws:"), key))
    assert kind, f"{item.type} has a policy that is not checked: add it to KINDS, and its properties to _resource"
    return kind


def _resource(unique: str, kind: str, text: str) -> dict[str, Any]:
    content = json.loads(text)
    properties: dict[str, dict[str, Any]] = {
        "AWS::IAM::Role": {"AssumeRolePolicyDocument": content},
        "AWS::IAM::RolePolicy": {"RoleName": unique, "PolicyName": unique, "PolicyDocument": content},
        "AWS::S3::BucketPolicy": {"Bucket": unique.lower() + "-copies", "PolicyDocument": content},
        "AWS::SQS::QueuePolicy": {
            "Queues": [f"https://sqs.eu-west-1.amazonaws.com/1/{unique}"],
            "PolicyDocument": content,
        },
        "AWS::SNS::TopicPolicy": {
            "Topics": [f"arn:aws:sns:eu-west-1:123456789012:{unique}"],
            "PolicyDocument": content,
        },
        "AWS::StepFunctions::StateMachine": {"RoleArn": ROLE, "Definition": content},
    }
    return {"Type": kind, "Properties": properties[kind]}
