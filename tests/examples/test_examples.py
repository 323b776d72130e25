"""The examples are short and use existing inputs and outputs; `make test-languages` deploys them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.components.support.harness import COMPONENT, run
from tools.component_schema import PAGE
from tools.readme_tables import TOP
from tools.registry_pages import EXAMPLES

FOLDER = TOP / "examples"
PROGRAMS = {**EXAMPLES, "existing-api": "examples/existing-api/__main__.py"}
MAX_LINES = 15
MAX_LINES_WITH_AN_API = 20
SCHEMA = json.loads(PAGE.read_text(encoding="utf-8"))
INPUTS = set(SCHEMA["resources"][COMPONENT]["inputProperties"])
OUTPUTS = set(SCHEMA["resources"][COMPONENT]["properties"])
ORIGIN_FIELDS = set(SCHEMA["types"]["async-download:index:Origin"]["properties"])
OWN_NAMES = {"reports", "team"}  # of an origin and a tag


def program(language: str) -> str:
    return (TOP / PROGRAMS[language]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", list(PROGRAMS))
def test_an_example_is_a_project_of_few_lines(language: str) -> None:
    lines = [line for line in program(language).splitlines() if line.strip()]
    assert len(lines) <= (MAX_LINES_WITH_AN_API if language == "existing-api" else MAX_LINES)
    runtime = {"typescript": "nodejs", "existing-api": "python"}.get(language, language)
    assert yaml.safe_load((FOLDER / language / "Pulumi.yaml").read_text(encoding="utf-8"))["runtime"] == runtime


def test_the_python_example_deploys() -> None:
    def example() -> None:
        exec(compile(program("python"), "example", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own file

    deployed = run(example)
    assert deployed.resource("lambda/function:Function", "copy").inputs["tags"]["team"] == "reporting"
    assert deployed.exports["downloadUrl"].endswith("/v1/download")


def test_the_yaml_example_uses_existing_inputs_and_outputs() -> None:
    template = yaml.safe_load(program("yaml"))
    (resource,) = template["resources"].values()
    assert resource["type"] == "async-download:AsyncDownload"
    assert set(resource["properties"]) <= INPUTS
    assert set(resource["properties"]["origins"]["reports"]) <= ORIGIN_FIELDS
    assert set(re.findall(r"\$\{files\.(\w+)}", json.dumps(template["outputs"]))) <= OUTPUTS


@pytest.mark.parametrize(("language", "first"), [("typescript", str.lower), ("go", str.upper)])
def test_a_program_uses_existing_inputs_and_outputs(language: str, first: Any) -> None:
    def in_case(names: set[str]) -> set[str]:
        return {first(name[0]) + name[1:] for name in names}

    text = re.sub(r'"[^"]*"', lambda word: word[0] if word[0][1:-1] in OWN_NAMES else '""', program(language))
    inputs = set(re.findall(r'(\w+)"?: ', text)) - OWN_NAMES
    assert inputs
    assert inputs <= in_case(INPUTS | ORIGIN_FIELDS)
    outputs = set(re.findall(r"files\.(\w+)", text))
    assert outputs
    assert outputs <= in_case(OUTPUTS)


def test_the_readme_lists_every_example() -> None:
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) == sorted(PROGRAMS)
    assert set(re.findall(r"\[`([\w-]+)/`]", (FOLDER / "README.md").read_text(encoding="utf-8"))) == set(PROGRAMS)
