"""The examples are deployed as a user does: `pulumi package add`, `pulumi up`, and a download."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from async_download import component
from pulumi import automation

from integration_tests.engine.conftest import Config
from integration_tests.support import language_host, local_component
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import pulumi_project
from integration_tests.support.errors import MissingError
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.language_host import run_program
from integration_tests.support.pulumi_cli import TOP, check_out, has_host, install_component, run
from integration_tests.support.stack import Stack

EXAMPLES = TOP / "examples"
NEEDS = {"yaml": ("pulumi",), "typescript": ("node", "npm"), "go": ("go",)}
HOSTS = {"yaml": "yaml", "typescript": "nodejs", "go": "go"}


@pytest.fixture
def here(config: Config, cloud: Cloud) -> str:
    """Return arguments of the component for this machine, as JSON."""
    origins: Any = config["origins"]
    return json.dumps(
        {
            "origin": {"base_url": origins["files"]["baseUrl"], "allow_http": True},
            "args": {
                "cloud": {"execute_api_url": cloud.execute_api_url, "loopback_origins": True},
                "protection": {"force_destroy": True},
                "encryption": {"tls_only": False},
            },
        }
    )


def missing(language: str) -> str | None:
    """Return the reason why this machine cannot run an example, or None."""
    for command in NEEDS[language]:
        if command != "pulumi" and shutil.which(command) is None:
            return f"There is no `{command}` on the PATH: install it to run the {language} example."
    if not has_host(HOSTS[language]) and (HOSTS[language] == "yaml" or not language_host.GENERATOR.exists()):
        return f"There is no pulumi-language-{HOSTS[language]}: install Pulumi, or run `make pulumi-cli`."
    return None


@pytest.mark.parametrize("language", list(NEEDS))
def test_an_example_deploys_and_serves(
    language: str, here: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking := missing(language):
        pytest.skip(lacking)
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLES / language, folder)
    try:
        with pulumi_project(cloud, "example", folder, {}) as stack:
            monkeypatch.setenv(local_component.SETTINGS, here)
            release = install_component(stack, ["-m", local_component.__name__])
            run(stack, "pulumi", "package", "add", f"async-download@{release}")
            if language == "typescript":
                run(stack, "npx", "tsc", "--project", ".")
            serve(cloud, stack.up().outputs)
            assert changes_of(stack.preview, expect_no_changes=True) == set()
    except MissingError as lacking:
        pytest.skip(str(lacking))


def test_the_python_example_deploys_and_serves(
    empty: automation.Stack, here: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(local_component.SETTINGS, here)
    monkeypatch.setattr(component, "resolve", local_component.resolve)
    empty.workspace.program = partial(run_program, EXAMPLES / "python" / "__main__.py")
    serve(cloud, empty.up().outputs)


def test_a_program_takes_the_component_from_its_folder(cloud: Cloud, tmp_path: Path) -> None:
    """`pulumi package add <this repository>/components` reads components/PulumiPlugin.yaml."""
    if lacking := missing("yaml"):
        pytest.skip(lacking)
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLES / "yaml", folder)
    clone = tmp_path / "clone"
    clone.mkdir()
    try:
        with pulumi_project(cloud, "example", folder, {}) as stack:
            run(stack, "pulumi", "package", "add", check_out(clone) / "components")
            steps = changes_of(stack.preview)
    except MissingError as none:
        pytest.skip(str(none))
    assert ("create", "async-download:index:AsyncDownload", "files") in steps
    assert ("create", "aws:lambda/function:Function", "files-copy") in steps


@pytest.fixture(scope="module")
def yaml_project(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[automation.Stack]:
    """The example in YAML, with the component added to it."""
    if lacking := missing("yaml"):
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("yaml") / "example"
    shutil.copytree(EXAMPLES / "yaml", folder)
    try:
        with pulumi_project(cloud, "example", folder, {}) as stack:
            run(stack, "pulumi", "package", "add", f"async-download@{install_component(stack)}")
            yield stack
    except MissingError as none:
        pytest.skip(str(none))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("retention: {urlExpiresSeconds: 901}", r"retention.urlExpiresSeconds. is 901.*a whole number from 60 to 900"),
        ("auth: {type: nobody}", r"(?s)auth.*Cannot assign type.*Allowed values are IAM"),  # the schema's own words
        ("retention: {urlExpiressSeconds: 60}", "urlExpiressSeconds"),
    ],
)
def test_a_mistake_in_another_language_is_said_in_words(
    yaml_project: automation.Stack, line: str, sentence: str
) -> None:
    project = Path(yaml_project.workspace.work_dir, "Pulumi.yaml")
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("      tags:\n", f"      {line}\n      tags:\n"), encoding="utf-8")
    try:
        with pytest.raises(automation.CommandError, match=sentence):
            yaml_project.preview()
    finally:
        project.write_text(text, encoding="utf-8")


def serve(cloud: Cloud, outputs: automation.OutputMap) -> None:
    """Download a file with signed requests, which the REST API demands by default."""
    url = str(outputs["downloadUrl"].value).removesuffix("/download")
    client = Stack(cloud, {"apiUrl": url}, origin="reports", signed=True)
    receive_ready.run(client, 20)
    receive_failed.run(client, 20)
