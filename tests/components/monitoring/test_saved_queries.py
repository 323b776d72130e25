"""Saved queries: they are in Insights QL, and find the lines that the runtime writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from async_download.functions import FUNCTIONS
from async_download.monitoring.saved_queries import QUERIES
from async_download.names import hyphenated
from botocore.validate import validate_parameters

from runtime import steps
from tests.components.support import insights
from tests.components.support.harness import deploy
from tests.runtime.support.log_stories import all_lines, cancel_download, copy_in_slices, fail_download, lines_of

KIND = "cloudwatch/queryDefinition:QueryDefinition"
FILLED = {"find-downloads": "2026/11/figures.csv", "one-download": "0" * 31 + "a"}


def results(name: str) -> list[Mapping[str, Any]]:
    """Return what a query finds in the lines of all stories; the first `...` is filled in."""
    return list(insights.run(QUERIES[name].replace("...", FILLED.get(name, ""), 1), all_lines()))


@pytest.mark.parametrize("name", QUERIES)
def test_each_field_of_a_query_is_in_some_line(name: str) -> None:
    written = {field for line in all_lines() for field in line}
    assert insights.fields_of(QUERIES[name]) - insights.SYSTEM_FIELDS <= written
    assert results(name), "the query finds nothing"


@pytest.mark.parametrize("name", QUERIES)
def test_each_field_of_a_query_is_in_the_lines_that_it_selects(name: str) -> None:
    """A field of other steps only would be an empty column."""
    (command, condition), *_ = insights.commands_of(QUERIES[name].replace("...", FILLED.get(name, ""), 1))
    assert command == "filter"
    selected = insights.run(f"filter {' '.join(condition)}", all_lines())
    fields = {field for row in selected for field in row}
    assert insights.fields_of(QUERIES[name]) <= fields


def test_steps_and_outcomes_that_queries_name_exist() -> None:
    identifiers = {step.identifier for step in vars(steps).values() if isinstance(step, steps.Step)}
    named = [
        token.strip('"')
        for text in QUERIES.values()
        for _, arguments in insights.commands_of(text)
        for index, token in enumerate(arguments)
        if token.startswith('"') and ("step" in arguments[max(0, index - 5) : index])
    ]
    assert {"ready", "failed", "requested", "requestRefused"} <= set(named)
    assert {name for name in named if name not in identifiers} <= {"...", "THROTTLED", "UNAVAILABLE"}


def test_failures_are_counted_by_origin_and_code() -> None:
    assert {"origin": "reports", "code": "ORIGIN_NOT_FOUND", "fault": "client", "downloads": 1} in results("failures")


def test_slowest_download_comes_first() -> None:
    seconds = [row["seconds"] for row in results("slowest-downloads")]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 300, "the download whose origin prepares its file"


def test_bytes_a_day_are_those_of_copies() -> None:
    ready = [line for line in all_lines() if line["step"] == "ready"]
    assert results("bytes-a-day") == [{"copiedBytes": sum(line["bytes"] for line in ready), "downloads": len(ready)}]


def test_throttles_of_each_service_are_found() -> None:
    found = {row["step"] for row in results("throttles")}
    assert {"pushed", "pushesGivenUp", "requestFailed", "taskFailed", "eventDelayed", "downloadNotRead"} <= found
    assert not {"ready", "failed", "cancelled"} & found


def test_pushes_given_up_are_summed_by_type() -> None:
    assert {row["type"] for row in results("pushes-given-up")} == {"ready", "answer"}
    assert sum(row["pushes"] for row in results("pushes-given-up")) == 3


def test_download_is_found_by_its_file_or_caller() -> None:
    by_file = results("find-downloads")
    assert {row["path"] for row in by_file} == {"2026/11/figures.csv"}
    query = '"iam:alice"'.join(QUERIES["find-downloads"].rsplit('"..."', 1))
    by_caller = insights.run(query, all_lines())
    assert {row["owner"] for row in by_caller} == {"iam:alice"}
    assert {row["step"] for row in by_file} == {"requested", "requestRefused"}


@pytest.mark.parametrize("story", [copy_in_slices, fail_download, cancel_download])
def test_story_of_one_download_is_complete_and_in_order(story: Any) -> None:
    lines = lines_of(story)
    rows = insights.run(QUERIES["one-download"].replace("...", FILLED["one-download"]), lines)
    assert [row["step"] for row in rows] == [line["step"] for line in lines]


def test_no_query_is_saved_by_default() -> None:
    assert deploy({}).resources_of(KIND) == []


@pytest.mark.parametrize("folder", ["/aws/lambda", "/company/files"])
def test_saved_queries_are_what_cloudwatch_accepts(folder: str) -> None:
    """Their log groups exist before them."""
    prefix = {} if folder == "/aws/lambda" else {"observability.log_group_prefix": folder}
    deployment = deploy({"observability.saved_queries": True, **prefix})
    saved = {item.inputs["name"]: item for item in deployment.resources_of(KIND)}
    assert list(saved) == [f"async-download-test-files/{name}" for name in QUERIES]
    model = botocore.session.get_session().get_service_model("logs").operation_model("PutQueryDefinition")
    groups = {group.inputs["name"]: group.urn for group in deployment.resources_of("cloudwatch/logGroup:LogGroup")}
    for name, item in saved.items():
        inputs = item.inputs
        request = {"name": name, "queryString": inputs["queryString"], "logGroupNames": inputs["logGroupNames"]}
        validate_parameters(request, model.input_shape)
        assert len(name) <= 255
        assert len(request["queryString"]) <= 10_000
        assert request["logGroupNames"] == [
            f"{folder}/async-download-test-files-{hyphenated(function)}" for function in FUNCTIONS
        ]
        assert set(request["logGroupNames"]) <= set(groups)
        assert len(request["logGroupNames"]) <= 50
        functions = {function.urn for function in deployment.resources_of("lambda/function:Function")}
        assert functions <= set(item.dependencies)


@pytest.mark.parametrize(
    "query", ["filtr step = 1", "stats median(seconds) as s by step", "filter step ~ 1", 'filter step = "a" )']
)
def test_mistakes_in_a_query_are_found(query: str) -> None:
    def check() -> None:
        insights.fields_of(query)
        insights.run(query, all_lines())

    with pytest.raises(insights.QueryError):
        check()
