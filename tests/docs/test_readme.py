"""Tables, commands, links and named tests in the README and the other pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localcloud.request_refusals import REFUSALS
from tests.docs.pages import PAGES
from tools.page_blocks import replace_blocks
from tools.readme_tables import README, TOP, blocks

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    assert replace_blocks(TEXT, blocks()) == TEXT, "run: make docs"


ALL_TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", ALL_TEXT, re.MULTILINE))))
def test_each_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_each_make_command_is_on_a_page() -> None:
    commands = re.findall(r"^([a-z-]+):.* ## ", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) > 20
    named = {word for words in re.findall(r"(?:^|`)make ([a-z -]+)", ALL_TEXT, re.MULTILINE) for word in words.split()}
    assert set(commands) - named == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_each_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_each_anchor_of_a_link_is_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*\.md|)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        f"{file}#{anchor}" for file, anchor in links if anchor not in anchors(page.parent / file if file else page)
    ]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page: those that GitHub makes from headings, and ids of its own."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return set(re.findall(r'<a id="([^"]+)"></a>', text)) | {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings
    }


def test_a_signed_call_is_shown() -> None:
    """With the default auth.type, iam, an unsigned call gets 403."""
    shown = re.findall(r"^curl .*?(?=\n\n|\n```)", TEXT, re.MULTILINE | re.DOTALL)
    (signed,) = [command for command in shown if "--aws-sigv4" in command]
    assert '"aws:amz:$AWS_REGION:execute-api"' in signed
    assert "x-amz-security-token" in signed
    assert "downloadUrl" in signed


def test_docs_say_that_a_web_page_cannot_sign_with_iam() -> None:
    assert "A web page cannot sign" in (TOP / "docs" / "deploying.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "heading"), [("aws.md", "| Tested by |"), ("security.md", "| Tested by |")])
def test_every_test_that_a_page_names_exists(name: str, heading: str) -> None:
    page = (TOP / "docs" / name).read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", page)
    rows = [line for line in page.splitlines() if line.startswith("| ") and heading not in line]
    assert all("::test_" in row for row in rows), "each line is kept by a test"
    assert len(named) >= len(rows)
    missing = [
        f"{file}::{test}" for file, test in named if f"def {test}(" not in (TOP / file).read_text(encoding="utf-8")
    ]
    assert missing == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_path_that_a_page_names_exists(name: str) -> None:
    """Paths start at the top of the repository."""
    code = re.findall(r"`([^`\n]+)`", (TOP / name).read_text(encoding="utf-8"))
    words = [word for words in code for word in words.removeprefix("pytest ").split()]
    paths = [word for word in words if re.fullmatch(r"\w[\w.]*/[\w./]*|[\w/]+\.(?:py|md|json|yaml|toml|js)", word)]
    assert len(paths) > 5
    assert [path for path in paths if not (TOP / path).exists()] == []


def test_the_first_two_commands_are_demo_and_test() -> None:
    assert re.findall(r"^make (\w+)", TEXT, re.MULTILINE)[:2] == ["demo", "test"]


def test_every_refusal_of_the_filter_is_explained_in_security_and_troubleshooting() -> None:
    codes = {f"`{refusal.code}`" for refusal in REFUSALS}
    security, troubleshooting = [
        (TOP / page).read_text(encoding="utf-8") for page in ("SECURITY.md", "docs/troubleshooting.md")
    ]
    assert {code for code in codes if f"| {code} |" in security and code in troubleshooting} == codes
