"""Draws docs/architecture.svg, the deployed system from what the program registers, and docs/packages.svg: `make docs`.

The boxes and arrows come from integrations, state machine definitions, event rules and IAM policies, and those of the
packages from their imports. Only the places of the boxes are written here.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tools.readme_tables import TOP
from tools.svg import Arrow, Box, draw

SYSTEM, PACKAGES = TOP / "docs" / "architecture.svg", TOP / "docs" / "packages.svg"
PREFIX = "async-download-test-files-"
READS = re.compile(r"\w+:(Get|List|Describe|Query|Scan|Head)")


def system() -> tuple[dict[str, Box], list[Arrow]]:
    """Return the boxes and arrows of a stack with all optional parts that hold data."""
    deployment = deploy({"copying.reuse_seconds": 600, "api.web_page": True, "auth.type": "api_key"})
    callers = dict(_callers(deployment))
    groups: dict[str, list[str]] = defaultdict(list)
    for function in sorted(callers):
        groups[f"functions of {callers[function]}"].append(function)
    boxes = _place(deployment, groups)
    arrows = [Arrow("client", "rest", "HTTPS"), Arrow("client", "socket", "WebSocket")]
    arrows += [Arrow(group.removeprefix("functions of "), group) for group in groups]
    for group, functions in groups.items():
        actions: dict[str, set[str]] = defaultdict(set)
        for function in functions:
            for target, action in _permissions(deployment, function, callers):
                actions[target].add(action)
        for target in boxes:
            if target in actions and target != group:
                label = {"socket": "messages", "data:undelivered": "failed calls"}.get(target, "")
                label = "starts" if target.startswith("machine:") else label
                reads = target.startswith("data:") and all(READS.match(action) for action in actions[target])
                arrows.append(Arrow(group, target, label, reads))
    arrows += _event_arrows(deployment, callers)
    origins = [key for key in callers if _variables(deployment, key) >= {"ORIGINS_FILE", "BUCKET"}]
    arrows += [Arrow(f"functions of {callers[key]}", "origin", "GET") for key in origins[:1]]
    arrows.append(Arrow("client", "data:files-copies", "downloads with the pre-signed URL", dashed=True))
    return boxes, arrows


def _callers(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yield each function with the API or state machine that calls it."""
    for integration in deployment.custom:
        if integration.type.endswith("integration:Integration"):
            uri = integration.inputs.get("uri") or integration.inputs["integrationUri"]
            yield _function(uri), "rest" if "apigateway/" in integration.type else "socket"
    for machine in deployment.resources_of("sfn/stateMachine:StateMachine"):
        for arn in re.findall(r"function:([\w-]+)", machine.inputs["definition"]):
            yield _function(f"function:{arn}"), f"machine:{_key(machine)}"


def _permissions(deployment: Deployment, function: str, callers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the box and the action of each permission of a function."""
    for statement in deployment.statements(function):
        actions, resources = (_as_list(statement[name]) for name in ("Action", "Resource"))
        for action, arn in ((action, arn) for action in actions for arn in resources):
            name = re.split(r"[/:]", arn.split(PREFIX)[-1])[0]
            match action.split(":")[0]:
                case "dynamodb":
                    yield f"data:{name}", action
                case "s3":
                    yield "data:files-copies", action
                case "sqs":
                    yield f"data:{name}", action
                case "execute-api":
                    yield "socket", action
                case "lambda":
                    yield f"functions of {callers[_function(arn)]}", action
                case "states" if action == "states:StartExecution":
                    yield f"machine:{name}", action


def _event_arrows(deployment: Deployment, callers: dict[str, str]) -> Iterator[Arrow]:
    """Yield the arrows of event rules: from the machine in the pattern to the targets."""
    rules = {rule.inputs["name"]: rule for rule in deployment.resources_of("cloudwatch/eventRule:EventRule")}
    for target in deployment.resources_of("cloudwatch/eventTarget:EventTarget"):
        pattern = rules[target.inputs["rule"]].inputs["eventPattern"]
        (machine,) = re.findall(rf"stateMachine:{PREFIX}([\w-]+)", pattern)
        yield Arrow(f"machine:{machine}", "events")
        arn = target.inputs["arn"]
        queue = f"data:{arn.split(PREFIX)[-1]}"
        yield Arrow(
            "events", f"functions of {callers[_function(arn)]}" if ":lambda:" in arn else queue, "failed executions"
        )


def _place(deployment: Deployment, groups: dict[str, list[str]]) -> dict[str, Box]:
    """Return the boxes: client, APIs and state machines, functions, data, from left to right."""
    titles = {"rest": "REST API", "socket": "WebSocket API"}
    names = {"transfer": "Copying", "closing": "Closing idle sockets"}
    boxes, y = {}, 40
    for group in sorted(groups, key=lambda group: ("rest" not in group, "socket" not in group, -len(groups[group]))):
        caller, functions = group.removeprefix("functions of "), groups[group]
        height = 46 + 19 * len(functions)
        boxes[group] = Box("function", 580, y, 180, height, "Lambda", tuple(functions))
        kind = "api" if caller in titles else "machine"
        title = titles.get(caller) or "State machine"
        lines = () if caller in titles else (names.get(caller.removeprefix("machine:"), caller),)
        boxes[caller] = Box(kind, 260, y + height // 2 - 29, 170, 58, title, lines)
        y += height + 34
    boxes["events"] = Box("machine", 260, y + 24, 170, 58, "EventBridge", ("ends that run no Catch",))
    tables = [(f"data:{_key(item)}", "Table", item) for item in deployment.resources_of("dynamodb/table:Table")]
    queues = [(f"data:{_key(item)}", "Dead-letter queue", item) for item in deployment.resources_of("sqs/queue:Queue")]
    data = [(f"data:{item.name}", "Bucket", item) for item in deployment.resources_of("s3/bucket:Bucket")]
    order = ("connections", "downloads", "copies", "files-copies", "undelivered")
    top = 60
    for key, title, item in sorted((*tables, *queues, *data), key=lambda entry: order.index(entry[0][5:])):
        lines = ("copied files",) if title == "Bucket" else () if title == "Dead-letter queue" else (_key(item),)
        boxes[key] = Box("data", 900, top, 170, 58, title, lines)
        top += 98
    boxes["origin"] = Box("other", 900, top, 170, 58, "Origin", ("any HTTP server",))
    boxes["client"] = Box("client", 30, 40, 130, boxes["socket"].y + 18, "Client", ("command", "library", "web page"))
    return boxes


def packages() -> tuple[dict[str, Box], list[Arrow]]:
    """Return the packages and the rooms of the runtime, above what they import."""
    rooms = [path for path in sorted((TOP / "runtime" / "logic").iterdir()) if any(path.glob("*.py"))]
    folders = [TOP / "runtime" / "handlers", TOP / "runtime" / "adapters", *rooms]
    tops = ["admin", "benchmarks", "client", "components", "integration_tests", "local_provider", "localcloud"]
    tops += ["runtime", "tools"]
    boxes: dict[str, Box] = {}
    arrows: list[Arrow] = []
    for x, places in ((40, [TOP / name for name in tops]), (620, folders)):
        imports = {_dotted(place): _imports(place, {_dotted(other) for other in places}) for place in places}
        for rank, names in enumerate(_ranks(imports)):
            width = min(150, (540 - 14 * len(names)) // len(names))
            left = x + (540 - len(names) * (width + 14)) // 2
            for number, name in enumerate(names):
                title = name.rpartition(".")[2]
                boxes[name] = Box("other", left + number * (width + 14), 70 + 88 * rank, width, 44, title)
        arrows += [Arrow(name, other) for name in imports for other in _direct(imports, name)]
    return boxes, arrows


def _imports(folder: Path, names: set[str]) -> set[str]:
    """Return the packages among `names` that the modules of a folder import."""
    alias = {"async_download": "components", "async_download_admin": "admin"}
    alias |= dict.fromkeys(("async_download_client", "async_download_command"), "client")
    result = set()
    for path in folder.rglob("*.py"):
        if "tests" in path.relative_to(folder).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
            for module in modules:
                first, _, rest = module.partition(".")
                module = f"{alias.get(first, first)}.{rest}".rstrip(".")
                result |= {name for name in names if module == name or module.startswith(f"{name}.")}
    return result - {_dotted(folder)}


def _ranks(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the names in rows, each below the rows that import it."""

    def rank(name: str) -> int:
        return 1 + max((rank(other) for other in imports if name in imports[other]), default=-1)

    rows: dict[int, list[str]] = defaultdict(list)
    for name in sorted(imports):
        rows[rank(name)].append(name)
    return [rows[number] for number in sorted(rows)]


def _direct(imports: dict[str, set[str]], name: str) -> list[str]:
    """Return the imports of a package that do not follow from its other imports."""

    def reachable(start: str) -> set[str]:
        result: set[str] = set()
        queue = list(imports[start])
        while queue:
            item = queue.pop()
            if item not in result:
                result.add(item)
                queue += imports[item]
        return result

    return sorted(item for item in imports[name] if not any(item in reachable(o) for o in imports[name] - {item}))


def drawings() -> dict[Path, str]:
    """Return the content of both files."""
    boxes, arrows = system()
    package_boxes, package_arrows = packages()
    note = (620, max(box.y + box.height for box in boxes.values()) + 74, "Dashed arrows only read.")
    headings = [(310, 40, "Packages, above those that they import"), (890, 40, "The same for runtime/")]
    return {
        SYSTEM: draw(boxes, arrows, "The deployed system", [note]),
        PACKAGES: draw(package_boxes, package_arrows, "Packages and their imports", headings),
    }


def _variables(deployment: Deployment, function: str) -> set[str]:
    resource = next(item for item in deployment.resources_of("lambda/function:Function") if _key(item) == function)
    return set(resource.inputs["environment"]["variables"])


def _function(arn: str) -> str:
    return arn.split(f"function:{PREFIX}")[-1].split("/")[0].split(":")[0]


def _key(resource: RegisteredResource) -> str:
    return str(resource.inputs["name"]).removeprefix(PREFIX)


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(TOP).parts)


if __name__ == "__main__":
    for file, text in drawings().items():
        file.write_text(text, encoding="utf-8")
