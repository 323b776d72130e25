"""The pages and the schema of Pulumi's registry have what the registry demands, and programs that tests deploy."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
import yaml

from tools import component_schema
from tools.registry_pages import EXAMPLES, FOLDER, RENDERERS
from tools.release.packages import COMPONENT, TOP, repository_url

SCHEMA: dict[str, Any] = json.loads(component_schema.PAGE.read_text(encoding="utf-8"))
DESCRIPTION: str = SCHEMA["resources"]["async-download:index:AsyncDownload"]["description"]
CATEGORIES = {"cloud", "database", "infrastructure", "monitoring", "network", "utility"}
URL = "https://git.example.com/team/async-download"


@pytest.mark.parametrize("name", RENDERERS)
def test_a_page_is_up_to_date(name: str) -> None:
    expected = RENDERERS[name](repository_url(), COMPONENT.version())
    assert (FOLDER / name).read_text(encoding="utf-8") == expected, "run: make docs"


def test_the_schema_is_up_to_date() -> None:
    assert component_schema.PAGE.read_text(encoding="utf-8") == component_schema.schema(), "run: make docs"


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("repository", [None, URL])
def test_a_page_has_front_matter_and_no_link_that_breaks_in_the_registry(name: str, repository: str | None) -> None:
    text = RENDERERS[name](repository, "0.1.0")
    assert text.startswith("---\n")
    front_matter = yaml.safe_load(text.split("---\n")[1])
    assert front_matter.keys() == {"title", "meta_desc", "layout"}
    assert front_matter["layout"] == "package"
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]*)\)", text))
    assert "<img" not in text
    assert "<a " not in text


@pytest.mark.parametrize("name", RENDERERS)
def test_the_pages_lead_to_the_tag_of_the_repository_once_it_is_known(name: str) -> None:
    assert f"{URL}/blob/v0.1.0/docs/settings.md" in RENDERERS[name](URL, "0.1.0")
    assert "…" not in RENDERERS[name](URL, "0.1.0")


def test_shortcodes_are_closed_in_order() -> None:
    open_names: list[str] = []
    text = (FOLDER / "_index.md").read_text(encoding="utf-8") + DESCRIPTION
    for closing, name in re.findall(r"\{\{[<%] (/?)(\w+)", text):
        if closing:
            assert open_names.pop() == name
        else:
            open_names.append(name)
    assert open_names == []


@pytest.mark.parametrize("language", EXAMPLES)
def test_each_language_shows_the_program_of_the_examples(language: str) -> None:
    program = (TOP / EXAMPLES[language]).read_text(encoding="utf-8").strip()
    block = f"```{language}\n{program}\n```"
    assert block in (FOLDER / "_index.md").read_text(encoding="utf-8")
    assert block in DESCRIPTION


def test_the_chooser_offers_exactly_the_languages_with_a_program() -> None:
    text = (FOLDER / "_index.md").read_text(encoding="utf-8")
    assert f'{{{{< chooser language "{",".join(EXAMPLES)}" >}}}}' in text
    assert re.findall(r"choosable language (\w+)", text) == list(EXAMPLES)


def test_each_program_is_deployed_by_the_engine_suite() -> None:
    suite = (TOP / "integration_tests" / "engine" / "test_examples.py").read_text(encoding="utf-8")
    assignments = [node for node in ast.parse(suite).body if isinstance(node, ast.Assign)]
    (needs,) = [node.value for node in assignments if ast.unparse(node.targets[0]) == "NEEDS"]
    assert set(ast.literal_eval(needs)) | {"python"} == set(EXAMPLES)
    assert 'EXAMPLES / "python" / "__main__.py"' in suite


def test_the_schema_has_what_the_registry_shows() -> None:
    assert SCHEMA["displayName"] == "Async Download"
    assert SCHEMA["description"].startswith("Serves files")
    assert SCHEMA["license"] == COMPONENT.settings()["license"]
    (category,) = [word for word in SCHEMA["keywords"] if word.startswith("category/")]
    assert category.removeprefix("category/") in CATEGORIES
    assert "kind/component" in SCHEMA["keywords"]
    assert "version" not in SCHEMA


def test_repository_and_publisher_come_from_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component_schema, "repository_url", lambda: URL)
    monkeypatch.setattr(component_schema, "publisher", lambda: "The team")
    described = json.loads(component_schema.schema())
    assert (described["repository"], described["homepage"], described["publisher"]) == (URL, URL, "The team")
