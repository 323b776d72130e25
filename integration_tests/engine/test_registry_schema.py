"""components/schema.json is valid for Pulumi's own code generators, which check it against Pulumi's metaschema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integration_tests.support.language_host import GENERATOR
from integration_tests.support.pulumi_cli import TOP
from tools.registry_pages import EXAMPLES

SOURCES = {"nodejs": "asyncDownload.ts", "go": "asyncdownload/asyncDownload.go"}
LANGUAGES = {"nodejs": "typescript", "go": "go"}
TOKEN = "async-download:index:AsyncDownload"


@pytest.fixture
def schema() -> dict[str, Any]:
    """The schema with a version, which the registry takes from the tag."""
    content: dict[str, Any] = json.loads((TOP / "components" / "schema.json").read_text(encoding="utf-8"))
    return {**content, "version": "0.1.0"}


def generate(language: str, schema: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the SDK of a language."""
    if not GENERATOR.exists():
        pytest.skip("Pulumi's code generators are not built: run `make pulumi-cli`.")
    file = folder / "schema.json"
    file.write_text(json.dumps(schema), encoding="utf-8")
    command: list[str | Path] = [GENERATOR, language, file, folder / "sdk"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("language", SOURCES)
def test_an_sdk_documents_the_component_with_the_example_of_its_language(
    language: str, schema: dict[str, Any], tmp_path: Path
) -> None:
    ended = generate(language, schema, tmp_path)
    assert ended.returncode == 0, ended.stderr
    text = (tmp_path / "sdk" / SOURCES[language]).read_text(encoding="utf-8")
    assert "Example Usage" in text
    shown = {example for example in EXAMPLES if f"```{example}\n" in text}
    assert shown == {LANGUAGES[language]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "async download"}, "#/name: does not match pattern"),
        ({"publisher": 3}, "publisher"),
        ({"version": "one"}, "version"),
        ({"types": {}}, "not found"),
        ({"resources": {TOKEN: {"inputProperties": {"x": {"type": "text"}}}}}, "doesn't validate with"),
    ],
)
def test_a_schema_that_pulumi_refuses_is_noticed(
    change: dict[str, Any], sentence: str, schema: dict[str, Any], tmp_path: Path
) -> None:
    ended = generate("go", {**schema, **change}, tmp_path)
    assert ended.returncode == 1
    assert sentence in ended.stderr
