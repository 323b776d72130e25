"""cfn-lint finds nothing in any policy or definition, with every setting, and does find errors that are put in."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.components.support.cloudformation import Document, documents, findings
from tests.components.support.declarations import DECLARED
from tests.components.support.harness import Deployment, deploy
from tests.components.support.variants import EXCLUSIVE, EXISTING_BUCKET, NON_DEFAULT, variants


@pytest.fixture(scope="module")
def every_document() -> dict[str, Document]:
    """Return each different document of all variants once."""
    checked: set[Document] = set()
    by_name: dict[str, Document] = {}
    for variant, args in variants().items():
        for name, document in documents(deploy(args)).items():
            if document not in checked:
                checked.add(document)
                by_name[f"{variant}: {name}"] = document
    return by_name


def test_the_variants_have_every_setting() -> None:
    assert {*NON_DEFAULT, *EXISTING_BUCKET, *EXCLUSIVE, "origins"} == set(DECLARED)


def test_cfn_lint_finds_nothing_in_any_policy(every_document: dict[str, Document]) -> None:
    policies = {name: document for name, document in every_document.items() if "Statement" in document.text}
    assert {document.kind for document in policies.values()} >= {
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
    }
    assert findings(policies) == []


def test_the_definition_is_valid_amazon_states_language_whatever_the_settings(
    every_document: dict[str, Document],
) -> None:
    definitions = {name: document for name, document in every_document.items() if "StartAt" in document.text}
    assert len(definitions) > 1, "no setting changes the definition?"
    assert findings(definitions) == []


def test_the_rules_for_the_owner_of_a_given_bucket_are_a_valid_policy() -> None:
    (outputs,) = deploy({"storage.bucket": "reports"}).component_outputs.values()
    text = json.dumps({"Version": "2012-10-17", "Statement": outputs["bucketRules"]["policyStatements"]})
    assert findings({"the bucket's": Document("AWS::S3::BucketPolicy", text)}) == []


BROKEN_DOCUMENTS: list[tuple[str, str, str, Callable[[dict[str, Any]], object]]] = [
    ("an action that there is not", "W3037", "copy-policy", lambda d: put(d, Action="s3:PutObjectt")),
    ("a resource of another kind", "I3510", "copy-policy", lambda d: put(d, Resource="arn:aws:sqs:eu-west-1:1:q")),
    ("no effect", "E3510", "deliver-policy", lambda d: d["Statement"][0].pop("Effect")),
    ("a wrong version", "W2511", "deliver-policy", lambda d: d.update(Version="2008-10-17")),
    ("a role for nobody", "E3530", "copy-role", lambda d: d["Statement"][0].pop("Principal")),
    ("a queue open to the wrong action", "W3037", "undelivered-policy", lambda d: put(d, Action="s3:GetObject")),
    ("a bucket's statement for nobody", "E3512", "copies-policy", lambda d: d["Statement"][0].pop("Principal")),
    ("a state without a way out", "E3601", "transfer", lambda d: d["States"]["Deliver"].pop("End")),
    ("a start that there is not", "E3601", "transfer", lambda d: d.update(StartAt="Begin")),
    ("a state of no type", "E3601", "transfer", lambda d: d["States"]["Copy"].update(Type="Tusk")),
    ("a time-out of no length", "E3601", "transfer", lambda d: d["States"]["Copy"].update(TimeoutSeconds=0)),
]


def put(document: dict[str, Any], **fields: str) -> None:
    document["Statement"][0] |= fields


@pytest.fixture(scope="module")
def rules_by_case(deployment: Deployment) -> dict[str, set[str]]:
    """Return the rules that report each broken document; one run of the linter takes as long as for one document."""
    broken: dict[str, Document] = {}
    for case, _, part, change in BROKEN_DOCUMENTS:
        (document,) = [item for name, item in documents(deployment).items() if name.split()[0] == f"files-{part}"]
        content = json.loads(document.text)
        change(content)
        broken[case] = Document(document.kind, json.dumps(content))
    rules: dict[str, set[str]] = {case: set() for case in broken}
    for finding in findings(broken):
        rules[finding.where].add(finding.rule)
    return rules


@pytest.mark.parametrize(("case", "rule"), [case[:2] for case in BROKEN_DOCUMENTS])
def test_cfn_lint_finds_what_is_wrong(rules_by_case: dict[str, set[str]], case: str, rule: str) -> None:
    assert rule in rules_by_case[case]


def test_mypy_knows_every_service_in_use() -> None:
    """Types of other services would be Any, since mypy skips them."""
    top = Path(__file__).parents[2]
    overrides = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    (modules,) = (set(module["module"]) for module in overrides if module.get("follow_imports") == "normal")
    source = "".join(path.read_text(encoding="utf-8") for path in (top / "components").rglob("*.py"))
    used = {f"pulumi_aws.{service}.*" for service in re.findall(r"\baws\.(\w+)\.[A-Z]", source)}
    assert used == {module for module in modules if module.endswith(".*")}
