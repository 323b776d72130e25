"""The examples say only what the component knows, and say it briefly; `make test-engine` deploys them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.components.support.harness import COMPONENT, run
from tools.component_schema import PAGE
from tools.readme_tables import TOP

EXAMPLES = TOP / "examples"
PROGRAMS = {"python": "__main__.py", "typescript": "index.ts", "go": "main.go", "yaml": "Pulumi.yaml"}
MOST_LINES = 15
SCHEMA = json.loads(PAGE.read_text())
INPUTS = set(SCHEMA["resources"][COMPONENT]["inputProperties"])
OUTPUTS = set(SCHEMA["resources"][COMPONENT]["properties"])
OF_AN_ORIGIN = set(SCHEMA["types"]["async-download:index:Origin"]["properties"])
NAMES_OF_ITS_OWN = {"reports", "team"}  # an origin's, a tag's


def program(language: str) -> str:
    return (EXAMPLES / language / PROGRAMS[language]).read_text()


@pytest.mark.parametrize("language", list(PROGRAMS))
def test_an_example_is_a_project_of_few_lines(language: str) -> None:
    lines = [line for line in program(language).splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES
    runtime = {"typescript": "nodejs"}.get(language, language)
    assert yaml.safe_load((EXAMPLES / language / "Pulumi.yaml").read_text())["runtime"] == runtime


def test_the_python_example_deploys() -> None:
    def example() -> None:
        exec(compile(program("python"), "example", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own file

    deployed = run(example)
    assert deployed.resource("lambda/function:Function", "copy").inputs["tags"]["team"] == "reporting"
    assert deployed.exports["downloadUrl"].endswith("/v1/download")


def test_the_yaml_example_names_what_there_is() -> None:
    described = yaml.safe_load(program("yaml"))
    (resource,) = described["resources"].values()
    assert resource["type"] == "async-download:AsyncDownload"
    assert set(resource["properties"]) <= INPUTS
    assert set(resource["properties"]["origins"]["reports"]) <= OF_AN_ORIGIN
    assert set(re.findall(r"\$\{files\.(\w+)}", json.dumps(described["outputs"]))) <= OUTPUTS


@pytest.mark.parametrize(("language", "first"), [("typescript", str.lower), ("go", str.upper)])
def test_a_program_names_what_there_is(language: str, first: Any) -> None:
    def spelt(names: set[str]) -> set[str]:
        return {first(name[0]) + name[1:] for name in names}

    text = re.sub(r'"[^"]*"', lambda word: word[0] if word[0][1:-1] in NAMES_OF_ITS_OWN else '""', program(language))
    named = set(re.findall(r'(\w+)"?: ', text)) - NAMES_OF_ITS_OWN
    assert named
    assert named <= spelt(INPUTS | OF_AN_ORIGIN)
    told = set(re.findall(r"files\.(\w+)", text))
    assert told
    assert told <= spelt(OUTPUTS)


def test_the_readme_lists_every_example() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == sorted(PROGRAMS)
    assert set(re.findall(r"\[`(\w+)/`]", (EXAMPLES / "README.md").read_text())) == set(PROGRAMS)
