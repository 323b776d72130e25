"""The documents of a deployment as CloudFormation has them, for a linter that others wrote: cfn-lint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.components.support.harness import Deployed, Registered

ROLE = "arn:aws:iam::123456789012:role/transfer"
KINDS: dict[tuple[str, str], str] = {
    ("iam/role:Role", "assumeRolePolicy"): "AWS::IAM::Role",
    ("iam/rolePolicy:RolePolicy", "policy"): "AWS::IAM::RolePolicy",
    ("s3/bucketPolicy:BucketPolicy", "policy"): "AWS::S3::BucketPolicy",
    ("sqs/queuePolicy:QueuePolicy", "policy"): "AWS::SQS::QueuePolicy",
    ("sfn/stateMachine:StateMachine", "definition"): "AWS::StepFunctions::StateMachine",
}


class Document(NamedTuple):
    """A JSON document of a resource: an IAM policy, or a definition of a state machine."""

    kind: str
    text: str


class Finding(NamedTuple):
    """What the linter has to say: `E3510` is an error, `W3037` a warning, `I3510` for information."""

    where: str
    rule: str
    message: str


def documents(deployed: Deployed) -> dict[str, Document]:
    """All of them, by the name of their resource."""
    found = {}
    for item in deployed.custom:
        for key, value in item.inputs.items():
            if is_document(value):
                found[f"{item.name} {key}"] = Document(_kind(item, key), value)
    return found


def is_document(value: object) -> bool:
    """Whether an input is one of those that a linter knows."""
    if not isinstance(value, str) or not value.startswith("{"):
        return False
    try:
        content = json.loads(value)
    except ValueError:
        return False
    return "Statement" in content or "StartAt" in content


def findings(found: Mapping[str, Document]) -> list[Finding]:
    """Everything that cfn-lint says of these documents, its hints included."""
    names = list(found)
    resources = {f"R{number}": _resource(f"R{number}", *found[name]) for number, name in enumerate(names)}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    matches: Iterable[Any] = lint(
        json.dumps(template), config=ManualArgs(include_checks=["I", "W", "E"], regions=["eu-west-1"])
    )
    return [Finding(names[int(match.path[1][1:])], match.rule.id, match.message) for match in matches]


def _kind(item: Registered, key: str) -> str:
    kind = KINDS.get((item.type.removeprefix("aws:"), key))
    assert kind, f"{item.type} carries a policy that is not looked at: add it to KINDS, and to _resource its properties"
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
        "AWS::StepFunctions::StateMachine": {"RoleArn": ROLE, "Definition": content},
    }
    return {"Type": kind, "Properties": properties[kind]}
