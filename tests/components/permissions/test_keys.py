"""Customer-managed key: encrypted resources, permissions of roles, and the statements of the key's policy."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pytest
from async_download import InvalidSetting, keys
from async_download.functions import FUNCTIONS
from async_download.names import hyphenated
from async_download.settings import resolve
from async_download.statements import origin_secrets

from tests.components.support.harness import ORIGINS, REPOSITORY, Cloud, Deployment, deploy
from tests.components.test_settings import PARAMETER, SECRET, origin

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_SECRET = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:partner/api-key-Zz9Yy8"
TABLES = {"dynamodb"}
COPIES = {"dynamodb", "s3"}
READ: dict[str, set[str]] = {  # role -> services that decrypt for it
    **dict.fromkeys(FUNCTIONS, TABLES),
    **dict.fromkeys(("copy", "copy_slice", "complete"), COPIES),
    "deliver": TABLES | {"sqs"},
    "fail": COPIES | {"sqs"},
    "signer": {"s3"},
}
WRITE: dict[str, set[str]] = {  # role -> services that encrypt for it
    **{key: {"s3"} for key in ("copy", "copy_slice", "complete")},
    **{key: {"sqs"} for key in ("deliver", "fail")},
}


@pytest.fixture(scope="module")
def keyed() -> Deployment:
    """Deploy with a key, and with a secret that may be encrypted with it too."""
    return deploy(
        {"encryption.kms_key_arn": KEY, "observability.access_logs": True}
        | origin(secret_headers={"Authorization": SECRET})
    )


def uses(deployment: Deployment, role: str) -> dict[str, set[str]]:
    """Return the services through which a role may use keys, by action."""
    services_by_action: dict[str, set[str]] = {}
    for statement in deployment.statements(hyphenated(role)):
        if "kms:" in json.dumps(statement["Action"]) and statement["Sid"] != "SecretKeys":
            assert statement["Resource"] == KEY
            ((operator, condition),) = statement["Condition"].items()
            assert operator == "StringLike"
            assert list(condition) == ["kms:ViaService"]
            hosts = [re.fullmatch(r"([a-z0-9]+)\.eu-west-1\.\*", host) for host in condition["kms:ViaService"]]
            services_by_action[statement["Action"]] = {host[1] for host in hosts if host}
            assert None not in hosts
    return services_by_action


@pytest.mark.parametrize("role", READ)
def test_a_role_may_use_the_key_for_what_it_reads_and_writes(keyed: Deployment, role: str) -> None:
    expected = {"kms:Decrypt": READ[role], "kms:GenerateDataKey": WRITE.get(role, set())}
    assert uses(keyed, role) == {action: services for action, services in expected.items() if services}


def test_state_machines_read_and_write_nothing_by_themselves(keyed: Deployment) -> None:
    assert not uses(keyed, "transfer")
    assert not uses(keyed, "closing")


def test_a_machine_that_waits_for_copies_writes_their_table() -> None:
    """It writes its task token to an encrypted item."""
    assert uses(deploy({"encryption.kms_key_arn": KEY, "copying.reuse_seconds": 600}), "transfer") == {
        "kms:Decrypt": TABLES
    }


def test_a_role_that_writes_copies_may_also_decrypt_them(keyed: Deployment) -> None:
    """S3 decrypts the parts of an upload before it puts them together."""
    writers = {
        role
        for role in READ
        for statement in keyed.statements(hyphenated(role))
        if "s3:PutObject" in statement["Action"]
    }
    assert writers == {"copy", "copy_slice", "complete"}
    for role in writers:
        assert "s3" in uses(keyed, role)["kms:Decrypt"] & uses(keyed, role)["kms:GenerateDataKey"]


def test_a_key_changes_no_other_permission(keyed: Deployment) -> None:
    plain = deploy({"observability.access_logs": True} | origin(secret_headers={"Authorization": SECRET}))
    for role in map(hyphenated, READ):
        assert [item for item in keyed.statements(role) if "ByKey" not in item["Sid"]] == plain.statements(role)


def test_copies_tables_logs_and_the_queue_are_encrypted_with_it(keyed: Deployment) -> None:
    kinds = ["cloudwatch/logGroup:LogGroup", "dynamodb/table:Table", "sqs/queue:Queue"]
    kinds += ["s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"]
    for resource in (resource for kind in kinds for resource in keyed.resources_of(kind)):
        assert KEY in str(resource.inputs), resource.name
    assert "sqsManagedSseEnabled" not in keyed.resource("sqs/queue:Queue").inputs, "SQS takes one of the two"


def secret_keys(deployment: Deployment, role: str) -> list[dict[str, Any]]:
    return [item for item in deployment.statements(hyphenated(role)) if item["Sid"] == "SecretKeys"]


@pytest.mark.parametrize(
    "key", [{}, {"encryption.kms_key_arn": KEY}], ids=["without a key", "with a key of the stack's"]
)
def test_a_secret_may_be_under_any_key_of_its_owner(key: dict[str, Any]) -> None:
    """Both copying roles may use any key, through Secrets Manager and for the secrets of the origins."""
    deployment = deploy(key | origin(secret_headers={"Authorization": SECRET, "X-Key": OTHER_SECRET}))
    expected = {
        "Sid": "SecretKeys",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": ["arn:aws:kms:eu-west-1:*:key/*"],
        "Condition": {
            "StringLike": {"kms:ViaService": ["secretsmanager.eu-west-1.*"]},
            "StringEquals": {"kms:EncryptionContext:SecretARN": [SECRET, OTHER_SECRET]},
        },
    }
    assert {role: secret_keys(deployment, role) for role in FUNCTIONS if secret_keys(deployment, role)} == {
        "copy": [expected],
        "copy_slice": [expected],
    }


def test_without_secrets_no_key_of_others_may_be_used() -> None:
    """An SSM parameter needs no key: a plain string holds CA certificates."""
    deployment = deploy(origin(ca_bundle=PARAMETER))
    assert not [role for role in FUNCTIONS if "kms:" in json.dumps(deployment.statements(hyphenated(role)))]


def test_a_ca_bundle_in_a_secret_may_be_under_any_key_too() -> None:
    (statement,) = secret_keys(deploy(origin(ca_bundle=SECRET)), "copy")
    assert statement["Condition"]["StringEquals"] == {"kms:EncryptionContext:SecretARN": [SECRET]}


def test_the_partition_of_a_key_is_that_of_its_secret() -> None:
    secret = SECRET.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1")
    (statement,) = secret_keys(deploy(origin(secret_headers={"Authorization": secret})), "copy")
    assert statement["Resource"] == ["arn:aws-cn:kms:cn-north-1:*:key/*"]
    assert statement["Condition"]["StringLike"] == {"kms:ViaService": ["secretsmanager.cn-north-1.*"]}


def statements(deployment: Deployment) -> dict[str, dict[str, Any]]:
    (outputs,) = deployment.component_outputs.values()
    return {statement["Sid"]: statement for statement in outputs["keyPolicyStatements"]}


def test_the_key_policy_statements_allow_the_services_that_use_the_key(keyed: Deployment) -> None:
    statements_by_sid = statements(keyed)
    assert {statement["Effect"] for statement in statements_by_sid.values()} == {"Allow"}
    assert {statement["Resource"] for statement in statements_by_sid.values()} == {KEY}
    assert statements_by_sid["Logs"]["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert set(statements_by_sid["Logs"]["Action"]) >= {"kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"}
    delivery = statements_by_sid["LogDelivery"]
    assert delivery["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    logs = "arn:aws:logs:eu-west-1:123456789012:*"
    assert delivery["Condition"] == {"ArnLike": {"kms:EncryptionContext:SourceArn": logs}}
    events = statements_by_sid["UndeliveredEvents"]
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(events["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    queue = Cloud().arn("aws:sqs/queue:Queue", keyed.resource("sqs/queue:Queue").inputs["name"])
    assert events["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:sqs:arn": queue}}


@pytest.mark.parametrize(("name", "stack"), [("files", "test"), ("f" * 90, "s" * 40)])
def test_the_context_of_the_logs_is_that_of_every_group(name: str, stack: str) -> None:
    """Long names are shortened, and still match."""
    deployment = deploy({"encryption.kms_key_arn": KEY, "observability.access_logs": True}, name=name, stack=stack)
    patterns = statements(deployment)["Logs"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    for group in deployment.resources_of("cloudwatch/logGroup:LogGroup"):
        arn = Cloud().arn(group.type, group.inputs["name"])
        assert any(fnmatchcase(arn, pattern) for pattern in patterns), arn


def test_without_a_key_there_is_nothing_to_allow(deployment: Deployment) -> None:
    assert statements(deployment) == {}


def test_partition_and_suffix_are_those_of_the_queue() -> None:
    queue = "arn:aws-cn:sqs:cn-north-1:123456789012:undelivered"
    statements_by_sid = json.dumps(
        keys.policy_statements(key=KEY, queue=queue, log_folders=keys.LOG_FOLDERS, name_prefix="files")
    )
    assert "logs.cn-north-1.amazonaws.com.cn" in statements_by_sid
    assert "arn:aws:logs" not in statements_by_sid


@pytest.mark.parametrize(
    "value", ["", "alias/files", KEY.replace("key/", "alias/"), KEY.rpartition("/")[2], KEY + "*", 7]
)
def test_a_value_that_is_no_key_arn_is_refused(value: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"encryption\.kms_key_arn \(encryption\.kmsKeyArn\) .* not of an alias"):
        resolve("files", {"origins": ORIGINS, "encryption": {"kms_key_arn": value}})


def test_a_computed_key_is_checked_when_it_is_known() -> None:
    with pytest.raises(ValueError, match="not of an alias"):
        deploy(lambda: {"encryption.kms_key_arn": pulumi.Output.from_input("alias/files")})
    deployment = deploy(lambda: {"encryption.kms_key_arn": pulumi.Output.from_input(KEY)})
    assert uses(deployment, "signer") == {"kms:Decrypt": {"s3"}}


def test_the_statements_in_the_documentation_are_those_of_the_code() -> None:
    """The key's owner needs the statements before the stack exists."""
    page = (REPOSITORY / "docs" / "deploying.md").read_text(encoding="utf-8")
    (shown,) = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"Logs"' in block]
    queue = "arn:aws:sqs:eu-central-1:111122223333:async-download-prod-files-undelivered"
    assert shown == keys.policy_statements(
        key="*", queue=queue, log_folders=keys.LOG_FOLDERS, name_prefix="async-download-prod-files"
    )


def test_the_statement_about_secrets_in_the_documentation_is_that_of_the_code() -> None:
    page = (REPOSITORY / "docs" / "private-origins.md").read_text(encoding="utf-8")
    shown = {item["Sid"]: item for item in map(json.loads, re.findall(r"```json\n(.*?)```", page, re.DOTALL))}
    secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:reports-AbCdEf"
    _, keys_of_secrets = origin_secrets([secret])
    assert shown["SecretKeys"] == keys_of_secrets
    assert shown["OriginSecrets"]["Action"] == keys_of_secrets["Action"], "what the key's owner allows"
