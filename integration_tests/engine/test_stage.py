"""A stage over its life: preview, creation, no change, updates, repair, rename, removal."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
from async_download import AsyncDownload
from async_download.stack_config import read_args
from pulumi import automation

from integration_tests.engine.conftest import Config
from integration_tests.engine.registered import Registered, comparable
from integration_tests.engine.stages import MAX_WAIT_SECONDS, client_of, journey, remains, resources_of
from integration_tests.support.changes import Change, changes_of
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import remove_config, set_config, shipped_program
from integration_tests.support.journeys.basic import receive_ready
from integration_tests.support.pulumi_cli import PROJECT
from localcloud.emulator import Emulator
from localcloud.program import deploy

FUNCTION = "aws:lambda/function:Function"
LEFT_IN_PLACE: set[Change] = set()
NEXT_VERSION = Change("update", "aws:sfn/stateMachine:StateMachine", "files-transfer")
"""The definition names the version that a change of a function publishes."""


def test_what_was_made_serves_the_whole_journey(stage: automation.Stack, cloud: Cloud) -> None:
    journey(client_of(cloud, stage))


def test_a_second_up_changes_nothing(stage: automation.Stack) -> None:
    assert changes_of(stage.up) == LEFT_IN_PLACE
    assert changes_of(stage.preview, expect_no_changes=True) == LEFT_IN_PLACE


def test_neither_place_nor_working_directory_nor_caches_change_anything(
    stage: automation.Stack, runtime_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches = runtime_copy / "handlers" / "__pycache__"
    caches.mkdir()
    (caches / "copy.cpython-313.pyc").write_bytes(b"stale")
    (runtime_copy / "test_something.py").write_text("assert False", encoding="utf-8")
    monkeypatch.chdir(runtime_copy)
    assert changes_of(stage.preview, expect_no_changes=True) == LEFT_IN_PLACE


def test_a_refresh_finds_nothing_to_say(stage: automation.Stack) -> None:
    assert changes_of(stage.refresh, expect_no_changes=True) == LEFT_IN_PLACE


def test_a_changed_handler_changes_its_function_only(stage: automation.Stack, runtime_copy: Path) -> None:
    handler = runtime_copy / "handlers" / "disconnect.py"
    handler.write_text(handler.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert changes_of(stage.up) == {Change("update", FUNCTION, "files-disconnect")}
    handler.write_text(handler.read_text(encoding="utf-8").removesuffix("\n# changed\n"), encoding="utf-8")
    assert changes_of(stage.up) == {Change("update", FUNCTION, "files-disconnect")}


def test_a_changed_setting_changes_what_it_concerns(stage: automation.Stack) -> None:
    set_config(stage, {"observability.logRetentionDays": "14"})
    steps = changes_of(stage.up)
    remove_config(stage, "observability.logRetentionDays")
    assert {(step.operation, step.type) for step in steps} == {("update", "aws:cloudwatch/logGroup:LogGroup")}
    assert changes_of(stage.up) == steps


def test_what_was_changed_behind_its_back_is_seen_and_repaired(stage: automation.Stack, cloud: Cloud) -> None:
    name = stage.outputs()["functionNames"].value["copy"]
    cloud.client("lambda").update_function_configuration(FunctionName=name, Timeout=5)
    drifted = {Change("update", FUNCTION, "files-copy")}
    assert changes_of(stage.refresh) == drifted
    assert changes_of(stage.up) == drifted | {NEXT_VERSION}
    assert cloud.client("lambda").get_function_configuration(FunctionName=name)["Timeout"] == 900


def test_what_was_removed_behind_its_back_is_made_again(stage: automation.Stack, cloud: Cloud) -> None:
    table = stage.outputs()["connectionsTableName"].value
    cloud.client("dynamodb").delete_table(TableName=table)
    stage.refresh()
    assert Change("create", "aws:dynamodb/table:Table", "files-connections") in changes_of(stage.up)
    receive_ready.run(client_of(cloud, stage), MAX_WAIT_SECONDS)


def test_an_origin_and_a_key_that_are_computed_stay_secret(empty: automation.Stack) -> None:
    """The URL is a secret output of the same program; a change of it updates functions that read the origins only."""
    folder = ["exports"]

    def program() -> None:
        group = aws.cloudwatch.LogGroup("created-before")
        args = read_args(pulumi.Config())
        url = pulumi.Output.concat("https://example.com/", group.id, "/", *folder, "/")
        args["origins"]["made"] = {"base_url": pulumi.Output.secret(url)}
        AsyncDownload("files", args)

    set_config(empty, {"auth.type": "api_key"})
    empty.workspace.program = program
    assert {step.operation for step in changes_of(empty.preview)} == {"create"}
    empty.up()
    assert changes_of(empty.up) == LEFT_IN_PLACE
    assert changes_of(empty.preview, expect_no_changes=True) == LEFT_IN_PLACE
    folder[0] = "reports"
    readers = ("files-copy", "files-copy-slice", "files-request-download")
    expected = {Change("update", FUNCTION, name) for name in readers} | {NEXT_VERSION}
    assert changes_of(empty.preview) == expected, "a machine that calls none of these functions stays as it is"
    assert changes_of(empty.up) == expected
    (key,) = [resource for resource in resources_of(empty) if resource["type"] == "aws:apigateway/apiKey:ApiKey"]
    value = json.loads(key["outputs"]["value"]["plaintext"])  # the export of whoever has the passphrase
    state = Path(empty.workspace.work_dir, "state")
    files = [file.read_text(encoding="utf-8") for file in state.rglob("*.json")]
    assert files
    assert [file for file in files if value in file] == []


def test_a_bad_setting_fails_in_words_and_the_next_up_succeeds(stage: automation.Stack) -> None:
    set_config(stage, {"retention.urlExpiresSeconds": "901"})
    with pytest.raises(automation.CommandError, match=r"url_expires_seconds.*901"):
        stage.up()
    remove_config(stage, "retention.urlExpiresSeconds")
    assert changes_of(stage.up) == LEFT_IN_PLACE


def test_an_up_that_failed_half_way_is_repeated_beside_another_stage(
    stage: automation.Stack, empty: automation.Stack, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from async_download.functions import permissions

    steps = changes_of(empty.preview)
    assert {step.operation for step in steps} == {"create"}
    assert Change("create", FUNCTION, "files-copy") in steps
    with monkeypatch.context() as broken:
        broken.setattr(permissions, "update_attributes", lambda *_: 1 / 0)
        with pytest.raises(automation.CommandError):
            empty.up()
    empty.up()
    assert changes_of(empty.preview, expect_no_changes=True) == LEFT_IN_PLACE
    receive_ready.run(client_of(cloud, empty), MAX_WAIT_SECONDS)
    receive_ready.run(client_of(cloud, stage), MAX_WAIT_SECONDS)


@pytest.mark.parametrize(("aliases", "operations"), [([pulumi.Alias(name="files")], set()), ([], {"create", "delete"})])
def test_a_renamed_component_keeps_its_resources_through_an_alias(
    stage: automation.Stack, aliases: list[pulumi.Input[str | pulumi.Alias]], operations: set[str]
) -> None:
    def renamed() -> None:
        args = read_args(pulumi.Config())
        args["name_prefix"] = f"{PROJECT}-{stage.name}-files"
        args["tags"] = {"Component": "files"}
        AsyncDownload("downloads", args, pulumi.ResourceOptions(aliases=aliases))

    stage.workspace.program = renamed
    try:
        assert {step.operation for step in changes_of(stage.preview)} == operations
    finally:
        stage.workspace.program = shipped_program


def test_destroying_leaves_nothing(lonely: automation.Stack, lonely_cloud: Cloud) -> None:
    lonely.up()
    client = client_of(lonely_cloud, lonely)
    receive_ready.run(client, MAX_WAIT_SECONDS)
    lonely.destroy()
    assert remains(lonely_cloud, lonely.name, client.operator.bucket) == {}


def test_both_engines_register_the_same(stage: automation.Stack, config: Config, cloud: Cloud, tmp_path: Path) -> None:
    if config["auth.type"] != "none":
        pytest.skip("The embedded engine deploys to emulators only: compare without --target aws.")
    with Emulator(log_path=tmp_path / "emulator.log") as other:
        settings = {key: value for key, value in config.items() if key != "cloud.executeApiUrl"}
        deployment = deploy(other, stack=stage.name, config=settings)
        resources = deployment.resources
        deployment.destroy()
    registered = [
        Registered(state["type"], state["urn"].rsplit("::", 1)[-1], state["id"], state["inputs"], state["outputs"])
        for state in resources_of(stage)
        if state["type"].startswith("aws:")
    ]
    embedded = comparable(
        [
            Registered(resource.type, resource.name, resource.id, resource.inputs, resource.outputs)
            for resource in resources
            if resource.type.startswith("aws:")
        ],
        other.endpoint,
    )
    assert cloud.endpoint is not None
    assert embedded == comparable(registered, cloud.endpoint)
