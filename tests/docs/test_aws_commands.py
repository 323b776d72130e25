"""The AWS CLI accepts each `aws` command in the documentation, by botocore's models."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from localcloud import walkthrough
from tests.docs.pages import OUTPUTS, PAGES, code_blocks, code_in_sentences
from tools.readme_tables import TOP

GLOBAL = {"--cli-binary-format", "--endpoint-url", "--no-cli-pager", "--no-paginate", "--output", "--profile"}
GLOBAL |= {"--query", "--region"}
RENAMED = {"s3api": "s3"}  # command of the CLI -> service
CLI_ONLY = {  # commands that are no operation of the service, with their options
    ("logs", "tail"): {"--filter-pattern", "--follow", "--format", "--log-stream-names", "--since"},
}
ENDS = {"|", "<", ">", "&&", ";", "||"}


@dataclass(frozen=True)
class Command:
    """A command's service, operation, options with their values, and positional words."""

    service: str
    operation: str
    options: dict[str, str]
    words: tuple[str, ...]


def parse(line: str) -> Command:
    """Parse a command up to a pipe or a redirection."""
    words = shlex.split(line, comments=True)
    words = words[words.index("aws") + 1 :]
    words = words[: next((index for index, word in enumerate(words) if word in ENDS), len(words))]
    options: dict[str, str] = {}
    plain: list[str] = []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            values = words and not words[0].startswith("--")
            options[word] = words.pop(0) if values else ""
        else:
            plain.append(word)
    return Command(plain[0], plain[1], options, tuple(plain[2:]))


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(RENAMED.get(service, service))


def problems(line: str) -> list[str]:
    """Return the errors that the CLI would report about a command."""
    command = parse(line)
    if (command.service, command.operation) in CLI_ONLY:
        options = CLI_ONLY[command.service, command.operation] | GLOBAL
        return [f"{option} is not an option" for option in command.options if option not in options]
    try:
        operations = {xform_name(name, "-"): name for name in model(command.service).operation_names}
    except botocore.exceptions.UnknownServiceError:
        return [f"there is no service {command.service}"]
    if command.operation == "wait":
        return _waiter(command)
    if command.operation not in operations:
        return [f"{command.service} has no operation {command.operation}"]
    operation = model(command.service).operation_model(operations[command.operation])
    shape = operation.input_shape
    members = {f"--{xform_name(name, '-')}": name for name in (shape.members if shape else {})}
    required = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else ())}
    outfile = 1 if operation.has_streaming_output else 0
    return [
        *(f"{option} is not an option" for option in command.options if option not in members and option not in GLOBAL),
        *(f"{option} is required" for option in sorted(required - set(command.options))),
        *(f"{word} is one word too many" for word in command.words[outfile:]),
        *(text for option, value in command.options.items() for text in _structure(option, value)),
    ]


def _waiter(command: Command) -> list[str]:
    waiters = botocore.session.get_session().get_waiter_model(RENAMED.get(command.service, command.service))
    names = {xform_name(name, "-"): name for name in waiters.waiter_names}
    (name, *_) = command.words or ("",)
    if name not in names:
        return [f"{command.service} has no waiter {name}"]
    operation = model(command.service).operation_model(waiters.get_waiter(names[name]).operation)
    members = {f"--{xform_name(member, '-')}" for member in operation.input_shape.members}
    return [f"{option} is not an option" for option in command.options if option not in members | GLOBAL]


def _structure(option: str, value: str) -> list[str]:
    """Return the error of a JSON value, unless it contains a shell variable."""
    if not value.startswith(("{", "[")) or "$" in value:
        return []
    try:
        json.loads(value)
    except ValueError as error:
        return [f"{option} is not JSON: {error}"]
    return []


def calls(line: str) -> list[str]:
    """Return the calls of the CLI in a line: at its beginning, after a pipe or `xargs`, inside `$(...)`."""
    result = []
    for match in re.finditer(r"(?:^|(?<=[\s(|;&]))(?<!--target )aws\s+[a-z-]", line.partition(" # ")[0]):
        call, depth = line[match.start() :], 0
        for index, character in enumerate(call):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth < 0:  # the end of the substitution that contains the call
                call = call[:index]
                break
        result.append(call)
    return result


def calls_of_page(page: Path) -> list[str]:
    """Return the calls of the CLI in the code of a page."""
    text = page.read_text(encoding="utf-8")
    return [call for line in (*code_blocks(text), *code_in_sentences(text)) for call in calls(line)]


def refusals(page: Path) -> dict[str, list[str]]:
    """Return the errors of a page's calls; a call in a sentence may lack required options."""
    text = page.read_text(encoding="utf-8")
    written = {call: problems(call) for line in code_blocks(text) for call in calls(line)}
    named = {call: problems(call) for line in code_in_sentences(text) for call in calls(line)}
    mentioned = {call: [text for text in texts if not text.endswith("is required")] for call, texts in named.items()}
    return {call: texts for call, texts in (mentioned | written).items() if texts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_the_cli_accepts_each_command_of_a_page(page: Path) -> None:
    assert refusals(page) == {}


def test_required_options_may_be_missing_in_a_sentence_and_not_in_a_block(tmp_path: Path) -> None:
    page, call = tmp_path / "page.md", "aws s3api head-object --checksum-mode ENABLED"
    page.write_text(f"Ask `{call}`.\n", encoding="utf-8")
    assert refusals(page) == {}
    page.write_text(f"Ask `{call} --key`:\n```sh\n{call}\n```\n", encoding="utf-8")
    assert refusals(page) == {call: ["--bucket is required", "--key is required"]}


def test_commands_in_loops_and_with_continued_lines_are_found() -> None:
    operations = {parse(line).operation for line in calls_of_page(TOP / "docs" / "operations.md")}
    expected = "get-item get-execution-history invoke scan put-item wait list-multipart-uploads"
    assert set(expected.split()) <= operations
    assert {"update-item", "create-policy"} <= {
        parse(line).operation for line in calls_of_page(TOP / "docs" / "deploying.md")
    }


def test_the_cli_accepts_the_commands_that_make_local_prints() -> None:
    lines = [line for _, lines in walkthrough.steps(OUTPUTS, default_path=True) for line in lines]
    printed = [line for line in lines if re.search(r"\baws ", line)]
    assert printed
    assert {line: problems(line) for line in printed if problems(line)} == {}


def test_calls_inside_other_commands_are_found() -> None:
    line = (
        "x=\"$(aws sqs list-queues --query 'a(b)')\"; echo | xargs -n1 aws sqs get-queue-url --queue-name # aws s3 ls"
    )
    assert [parse(call).operation for call in calls(line)] == ["list-queues", "get-queue-url"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("aws dynamo get-item", "there is no service dynamo"),
        ("aws dynamodb get-row --table-name t", "dynamodb has no operation get-row"),
        ("aws dynamodb get-item --table t --key '{}'", "--table is not an option"),
        ("aws dynamodb get-item --table-name t", "--key is required"),
        ("aws dynamodb get-item --table-name t --key '{a}'", "--key is not JSON"),
        ("aws dynamodb get-item --table-name t --key '{}' out.json", "out.json is one word too many"),
        ("aws dynamodb wait table-there --table-name t", "dynamodb has no waiter table-there"),
        ("aws dynamodb wait table-exists --name t", "--name is not an option"),
        ("aws logs tail g --wait", "--wait is not an option"),
    ],
)
def test_the_errors_of_an_invalid_command_are_returned(line: str, problem: str) -> None:
    assert problem in " ".join(problems(line))
