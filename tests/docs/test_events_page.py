"""The event, the program and the policy of docs/events.md are what the code sends, deploys and needs."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from runtime.logic.ending.end_event import detail_of
from runtime.models import Checksum, Status, Stored, execution_arn_of, seconds_of
from tests.components.support.harness import Deployment, RegisteredResource, run
from tests.runtime.support.world import World
from tools.readme_tables import TOP

PAGE = (TOP / "docs" / "events.md").read_text(encoding="utf-8")
SCHEMA = json.loads((TOP / "docs" / "event.schema.json").read_text(encoding="utf-8"))


def blocks(language: str) -> list[str]:
    """Return the code blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


EVENT: dict[str, Any] = json.loads(blocks("json")[0])


def deploy_program() -> Deployment:
    (program,) = blocks("python")

    def example() -> None:
        exec(compile(program, "docs/events.md", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own page

    return run(example)


def ready(deployed: Deployment, kind: str) -> RegisteredResource:
    """Return the program's own resource of a kind."""
    return next(item for item in deployed.resources_of(kind) if item.name == "ready")


def test_the_event_of_the_page_matches_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(EVENT)


def test_the_event_of_the_page_is_what_the_code_builds() -> None:
    detail = EVENT["detail"]
    world = World()
    stored = Stored(detail["key"], detail["size"], '"e"', "text/csv", Checksum("CRC32", "NSRBwg=="), None)
    world.put_download(
        status=Status(detail["status"]),
        download_id=detail["downloadId"],
        execution_arn=detail["executionArn"],
        path=detail["path"] + "?signature=x",
        owner=detail["owner"],
        created_at=seconds_of(detail["requestedAt"]),
        updated_at=seconds_of(detail["endedAt"]),
        stored=stored,
    )
    assert detail_of(world.row, detail["bucket"]) == detail
    assert EVENT["resources"] == [detail["executionArn"]]
    machine = detail["executionArn"].rpartition(":")[0].replace(":execution:", ":stateMachine:")
    assert execution_arn_of(machine, detail["downloadId"]) == detail["executionArn"]


def test_the_program_of_the_page_deploys_a_rule_that_matches_the_event() -> None:
    deployed = deploy_program()
    rule = ready(deployed, "cloudwatch/eventRule:EventRule")
    for key, values in rule.json("eventPattern").items():
        if key == "detail":
            assert all(EVENT["detail"][field] in allowed for field, allowed in values.items())
        else:
            assert EVENT[key] in values
    target = ready(deployed, "cloudwatch/eventTarget:EventTarget")
    assert rule.inputs["eventBusName"] == target.inputs["eventBusName"] == "downloads"
    (statement,) = ready(deployed, "sqs/queuePolicy:QueuePolicy").json("policy")["Statement"]
    assert statement["Resource"] == target.inputs["arn"]


def test_the_component_of_the_page_sends_to_its_bus() -> None:
    deployed = deploy_program()
    environment = deployed.resource("lambda/function:Function", "fail").inputs["environment"]["variables"]
    assert environment["EVENT_BUS_ARN"].endswith(":event-bus/downloads")
    (statement,) = [entry for entry in deployed.statements("fail") if entry["Sid"] == "Events"]
    assert (statement["Action"], statement["Resource"]) == ("events:PutEvents", environment["EVENT_BUS_ARN"])


def test_the_policy_of_a_bus_elsewhere_names_the_role_that_sends() -> None:
    statement = json.loads(blocks("json")[1])
    assert statement["Action"] == "events:PutEvents"
    assert statement["Principal"]["AWS"].endswith(":role/async-download-prod-files-fail")
