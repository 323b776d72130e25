"""The shipped files and nothing else, by `pulumi up` as any user runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation

from integration_tests.engine.conftest import Config
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import ONE_CHECKPOINT, pulumi_project
from integration_tests.support.errors import MissingError
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.pulumi_cli import PROJECT, check_out, run
from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack


@pytest.fixture(scope="module")
def shipped(cloud: Cloud, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[automation.Stack]:
    """A stage of the program and the project file as they are, in a folder of their own."""
    folder = check_out(tmp_path_factory.mktemp("project"))
    settings = {f"{PROJECT}:{key}": value for key, value in config.items()}
    try:
        with pulumi_project(cloud, "shipped", folder, settings) as stack:
            variables = stack.workspace.env_vars
            stack.workspace.env_vars = {key: variables[key] for key in variables.keys() - ONE_CHECKPOINT.keys()}
            yield stack
    except MissingError as missing:
        pytest.skip(str(missing))


def test_it_deploys_and_serves(shipped: automation.Stack, cloud: Cloud) -> None:
    outputs = {name: output.value for name, output in shipped.up().outputs.items()}
    client = Stack(cloud, outputs, origin=FILES)
    receive_ready.run(client, 20)
    receive_failed.run(client, 20)


def test_a_second_up_from_another_folder_changes_nothing(shipped: automation.Stack, tmp_path: Path) -> None:
    shown = run(shipped, "pulumi", "preview", "--cwd", shipped.workspace.work_dir, "--stack", shipped.name,
                "--expect-no-changes", folder=tmp_path)  # fmt: skip
    assert "unchanged" in shown
    assert changes_of(shipped.refresh, expect_no_changes=True) == set()


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("retention", "soon", "retention.*must be of type.*object|retention"),  # the engine's own check of Pulumi.yaml
        ("retention.urlExpiresSeconds", "901", r"retention.urlExpiresSeconds. is 901.*a whole number from 60 to 900"),
        (
            "retention.urlExpiress",
            "60",
            "retention.urlExpiress does not exist; did you mean .*retention.urlExpiresSeconds",
        ),
        ("urlExpiresSeconds", "60", "urlExpiresSeconds does not exist; did you mean .*retention.urlExpiresSeconds"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(shipped: automation.Stack, key: str, value: str, sentence: str) -> None:
    shipped.set_config(f"{PROJECT}:{key}", automation.ConfigValue(value), path=True)
    try:
        with pytest.raises(automation.CommandError, match=sentence):
            shipped.preview()
    finally:
        shipped.remove_config(f"{PROJECT}:{key.split('.')[0]}")
