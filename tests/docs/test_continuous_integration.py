"""docs/testing.md says what `.ci/run` runs, and which other job of the workflow runs what it leaves out."""

from __future__ import annotations

import re

from tools.readme_tables import TOP

PAGE = (TOP / "docs" / "testing.md").read_text(encoding="utf-8")
SCRIPT = (TOP / ".ci" / "run").read_text(encoding="utf-8")
WORKFLOW = (TOP / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
OTHER_TARGETS = {"setup", "actionlint", "demo"}


def targets(text: str) -> set[str]:
    return set(re.findall(r"(?<=make )[a-z-]+", text))


def test_the_page_names_what_continuous_integration_runs() -> None:
    (sentence,) = re.findall(r"^`\.ci/run` runs (.+?\.) It leaves out:$", PAGE, re.MULTILINE)
    assert targets(sentence) == targets(re.sub(r"#.*|echo .*", "", SCRIPT)) - OTHER_TARGETS


def test_a_job_of_the_workflow_runs_what_the_page_says() -> None:
    commands = re.findall(r"^\| [^|]+ \| `make ([^`]+)` \(a job of its own\b", PAGE, re.MULTILINE)
    assert {"test-page", "test-parity", "test-languages", "test-mutation", "test-unit EXAMPLES=all"} <= set(commands)
    for command in commands:
        assert re.search(rf"\b{re.escape(command)}\b", WORKFLOW), command
