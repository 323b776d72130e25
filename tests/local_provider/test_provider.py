"""The stand-in provider's refusals, names and comparisons; its requests are tested on the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.provider.experimental import provider as api

from local_provider.archives import sha256_of, zip_of
from local_provider.aws import Aws
from local_provider.errors import UnsupportedError
from local_provider.plugin import unconfigured_cloud
from local_provider.provider import AwsProvider, configured
from local_provider.values import UNKNOWN, from_plain, plain_map
from localcloud.paths import FOLDER

BUCKET = "aws:s3/bucket:Bucket"
QUEUE = "aws:sqs/queue:Queue"
FUNCTION = "aws:lambda/function:Function"
provider = AwsProvider(Aws("http://127.0.0.1:9"))


def urn(kind: str, name: str = "thing") -> str:
    """Return the URN of a component's child."""
    return f"urn:pulumi:stack::project::a:b:C${kind}::{name}"


def wire(plain: dict[str, Any]) -> Any:
    return {name: from_plain(value) for name, value in plain.items()}


def check(kind: str, inputs: dict[str, Any], old: dict[str, Any] | None = None, seed: bytes = b"1") -> Any:
    return provider.check(api.CheckRequest(urn(kind), wire(old or {}), wire(inputs), seed))


def refused(kind: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {failure.property: failure.reason for failure in check(kind, inputs).failures}


def diff(kind: str, old: dict[str, Any], new: dict[str, Any]) -> api.DiffResponse:
    return provider.diff(api.DiffRequest(urn(kind), "id", wire(old), wire(new), []))


def test_a_table_gives_the_billed_key_up_in_place() -> None:
    """As the official provider does, a removed setting keeps the table's key."""
    kind, billed, free = "aws:dynamodb/table:Table", {"enabled": True}, {"enabled": False}
    change = diff(kind, {"name": "t", "serverSideEncryption": billed}, {"name": "t", "serverSideEncryption": free})
    assert (change.diffs, change.replaces) == (["serverSideEncryption"], [])
    assert not diff(kind, {"name": "t", "serverSideEncryption": billed}, {"name": "t"}).changes


def test_a_role_gets_another_trust_in_place() -> None:
    role = {"name": "r", "assumeRolePolicy": '{"Statement": []}'}
    change = diff("aws:iam/role:Role", role, role | {"assumeRolePolicy": '{"Statement": [{"Effect": "Allow"}]}'})
    assert (change.diffs, change.replaces) == (["assumeRolePolicy"], [])


def test_a_type_without_a_stand_in_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="aws:ec2/vpc:Vpc is not implemented"):
        check("aws:ec2/vpc:Vpc", {})


def test_an_input_that_nobody_knows_is_refused_by_name() -> None:
    assert list(refused(BUCKET, {"forceDestory": True})) == ["forceDestory"]
    assert list(refused(FUNCTION, {"role": "r", "environment": {"vars": {}}})) == ["environment.vars"]


@pytest.mark.parametrize(
    ("kind", "inputs", "path"),
    [
        (BUCKET, {"acl": "private"}, "acl"),
        (QUEUE, {"fifoQueue": True}, "fifoQueue"),
        (BUCKET, {"region": "eu-central-1"}, "region"),
        (FUNCTION, {"role": "r", "fileSystemConfig": {"arn": "a", "localMountPath": "/mnt/a"}}, "fileSystemConfig"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {"bucket": "b", "expectedBucketOwner": "123456789012", "rules": []},
            "expectedBucketOwner",
        ),
    ],
)
def test_an_input_that_no_stand_in_implements_is_refused_by_name(kind: str, inputs: dict[str, Any], path: str) -> None:
    assert refused(kind, inputs) == {path: "is not implemented by the stand-in provider"}


def test_what_the_emulator_ignores_is_accepted_only_where_that_is_declared() -> None:
    assert refused(FUNCTION, {"role": "r", "memorySize": 512, "tracingConfig": {"mode": "Active"}}) == {}
    assert list(refused(FUNCTION, {"role": "r", "layers": ["l"]})) == ["layers"]


def test_a_name_is_made_up_once() -> None:
    first = plain_map(check(BUCKET, {}).inputs)["bucket"]
    assert first.startswith("thing-")
    assert len(first) == len("thing-") + 7
    assert plain_map(check(BUCKET, {}, seed=b"2").inputs)["bucket"] != first
    assert plain_map(check(BUCKET, {}, old={"bucket": first}, seed=b"3").inputs)["bucket"] == first
    assert plain_map(check(BUCKET, {"bucket": "mine"}).inputs)["bucket"] == "mine"


def test_a_made_up_name_fits_the_service() -> None:
    request = api.CheckRequest(urn(BUCKET, "x" * 80), {}, {}, b"1")
    checked = provider.check(request).inputs
    assert checked is not None
    assert len(plain_map(checked)["bucket"]) == 63


def test_a_preview_leaves_open_what_cannot_be_known() -> None:
    assert refused(QUEUE, {"name": UNKNOWN}) == {}
    request = api.CreateRequest(urn(QUEUE), wire({"name": "q"}), 0, True)
    outputs = plain_map(provider.create(request).properties)
    assert outputs["name"] == "q"
    assert outputs["arn"] is UNKNOWN


@pytest.mark.parametrize(
    ("publish", "change", "unknown"),
    [
        (True, {"timeout": 5}, {"lastModified", "qualifiedArn", "qualifiedInvokeArn", "version"}),
        (True, {"tags": {"a": "1"}, "reservedConcurrentExecutions": 3}, set()),
        (False, {"timeout": 5}, set()),
        (False, {"publish": True}, {"lastModified", "qualifiedArn", "qualifiedInvokeArn", "version"}),
        (True, {}, set()),
    ],
)
def test_a_preview_leaves_the_version_open_that_an_update_publishes(
    publish: bool, change: dict[str, Any], unknown: set[str]
) -> None:
    inputs = {"name": "f", "role": "r", "publish": publish}
    outputs = {"version": "3", "qualifiedArn": "f:3", "qualifiedInvokeArn": "i:3", "lastModified": "now", "arn": "f"}
    request = api.UpdateRequest(urn(FUNCTION), "f", wire(inputs | outputs), wire(inputs | change), 0, [], True)
    preview = plain_map(provider.update(request).properties or {})
    assert {name for name, value in preview.items() if value is UNKNOWN} == unknown
    assert preview["arn"] == "f"


def test_nothing_changed() -> None:
    old = {"name": "q", "arn": "a", "url": "u", "tagsAll": {}, "region": "us-east-1", "tags": {}}
    assert diff(QUEUE, old, {"name": "q"}).changes is False


def test_what_changed_is_named_and_may_replace() -> None:
    changed = diff(QUEUE, {"name": "q", "delaySeconds": 1, "tags": {"a": "1"}}, {"name": "q", "delaySeconds": 2})
    assert (changed.diffs, changed.replaces) == (["delaySeconds", "tags"], [])
    kinds = {name: change.kind.name for name, change in changed.detailed_diff.items()}
    assert kinds == {"delaySeconds": "UPDATE", "tags": "DELETE"}
    renamed = diff(QUEUE, {"name": "q"}, {"name": "p"})
    assert (renamed.replaces, renamed.delete_before_replace) == (["name"], False)


def test_code_is_compared_by_its_content() -> None:
    """The engine sends an old archive without its content, so that its hash is compared."""
    code = pulumi.AssetArchive({"a.py": pulumi.StringAsset("x = 1")})
    other = pulumi.AssetArchive({"a.py": pulumi.StringAsset("x = 2")})
    old = {"name": "f", "role": "r", "code": "hash", "codeSha256": sha256_of(zip_of(code))}
    assert diff(FUNCTION, old, {"name": "f", "role": "r", "code": code}).diffs == []
    assert diff(FUNCTION, old, {"name": "f", "role": "r", "code": other}).diffs == ["code"]


def test_keys_that_are_not_configured_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi.local.yaml names no keys, because those of MiniStack are random."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LOCALKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    shipped = yaml.safe_load((FOLDER / "Pulumi.local.yaml").read_text(encoding="utf-8"))["config"]
    settings = {name.removeprefix("aws:"): value for name, value in shipped.items() if name.startswith("aws:")}
    aws = configured(unconfigured_cloud(), settings)
    assert (aws.endpoint, aws.access_key_id, aws.secret_access_key) == ("http://localhost:4566", "LOCALKEY", "secret")
    assert configured(aws, {"accessKey": "other", "secretKey": "x"}).access_key_id == "other"


def test_settings_of_a_provider() -> None:
    endpoints = [{"s3": "http://e:1", "sqs": "http://e:1"}]
    tags = {"tags": {"a": "1"}}
    aws = configured(Aws("http://x"), {"region": "eu-west-1", "endpoints": endpoints, "defaultTags": tags})
    assert (aws.endpoint, aws.region, aws.access_key_id) == ("http://e:1", "eu-west-1", "nobody")
    assert aws.default_tags == {"a": "1"}
    assert configured(aws, {}).region == "eu-west-1"
    assert configured(aws, {"endpoints": '[{"s3": "http://f:2"}]'}).endpoint == "http://f:2"
    with pytest.raises(UnsupportedError, match="http://e:1, http://f:2"):
        configured(aws, {"endpoints": [{"s3": "http://e:1", "sqs": "http://f:2"}]})


def test_a_providers_unknown_setting_is_refused() -> None:
    request = api.CheckRequest("", {}, wire({"skipMetadataApiCheck": "true", "region": "r", "assumeRoles": []}), b"")
    failures = provider.check_config(request).failures or []
    assert [failure.property for failure in failures] == ["assumeRoles"]


def test_other_functions_of_the_provider_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="aws:index/getArn:getArn"):
        provider.invoke(api.InvokeRequest("aws:index/getArn:getArn", {}))


def test_archives_are_the_same_bytes_whenever_and_wherever(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.py").write_text("a", encoding="utf-8")
    (tmp_path / "b" / "c.py").write_text("c", encoding="utf-8")
    assets: dict[str, pulumi.Asset | pulumi.Archive] = {
        "b/c.py": pulumi.StringAsset("c"),
        "a.py": pulumi.FileAsset(str(tmp_path / "a.py")),
    }
    packed = zip_of(pulumi.AssetArchive(assets))
    assert zip_of(pulumi.FileArchive(str(tmp_path))) == packed
    (tmp_path / "packed.zip").write_bytes(packed)
    assert zip_of(pulumi.FileArchive(str(tmp_path / "packed.zip"))) == packed
    with pytest.raises(TypeError, match="RemoteArchive"):
        zip_of(pulumi.RemoteArchive("https://example.com/x.zip"))
