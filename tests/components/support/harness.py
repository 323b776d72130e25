"""Run the component, or the whole program, on Pulumi's mock monitor and keep the resources that it registers."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pulumi
from async_download import AsyncDownload, AsyncDownloadArgs, bundle
from pulumi import output
from pulumi.runtime import resource, rpc, set_mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2, source_pb2
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import wait_for_rpcs

from localcloud.config import nested
from tests.components.support.shared import load_or_create

REPOSITORY = Path(__file__).resolve().parents[3]
PROJECT, STACK = "async-download", "test"
ORIGINS: dict[str, Any] = {"reports": {"base_url": "https://reports.example.com/exports/"}}
COMPONENT = "async-download:index:AsyncDownload"
FIRST_VERSION = "1"


@dataclass(frozen=True)
class RegisteredResource:
    """A resource as it was registered with the engine."""

    type: str
    name: str
    inputs: dict[str, Any]
    urn: str
    parent: str
    dependencies: tuple[str, ...]
    delete_before_replace: bool
    retain_on_delete: bool
    protect: bool
    secret_outputs: tuple[str, ...]
    delete_timeout: str
    custom: bool

    def json(self, key: str) -> dict[str, Any]:
        """Return an input that is a JSON document."""
        return cast(dict[str, Any], json.loads(self.inputs[key]))

    @property
    def origins(self) -> dict[str, Any]:
        """Origins in the archive of a function."""
        return cast(dict[str, Any], json.loads(self.inputs["code"].assets["origins.json"].text))


@dataclass
class Deployment:
    """Resources that a run registered, in order, and the values that it exported."""

    resources: list[RegisteredResource] = field(default_factory=list)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    lookup_providers: list[str] = field(default_factory=list)
    """Reference of the provider of each invoke."""

    def resources_of(self, type_: str) -> list[RegisteredResource]:
        """Return the resources of a type, such as `lambda/function:Function`."""
        return [resource for resource in self.resources if resource.type == f"aws:{type_}"]

    def resource(self, type_: str, part: str | None = None) -> RegisteredResource:
        """Return the only resource of a type whose name ends with a part."""
        matches = [item for item in self.resources_of(type_) if part is None or item.name.endswith(f"-{part}")]
        assert len(matches) == 1, f"{type_} {part}: {[item.name for item in self.resources_of(type_)]}"
        return matches[0]

    @property
    def custom(self) -> list[RegisteredResource]:
        """Resources apart from components."""
        return [resource for resource in self.resources if resource.custom]

    def statements(self, role_part: str) -> list[dict[str, Any]]:
        """Return the policy statements of a role."""
        statements: list[dict[str, Any]] = self.resource("iam/rolePolicy:RolePolicy", f"{role_part}-policy").json(
            "policy"
        )["Statement"]
        return statements


@dataclass(frozen=True)
class Cloud(Mocks):
    """Mock of the provider: computes ARNs, ids and endpoints, and nothing in a preview."""

    partition: str = "aws"
    suffix: str = "amazonaws.com"
    region: str = "eu-west-1"
    account: str = "123456789012"
    preview: bool = False
    bucket_region: str | None = None
    """Region of every existing bucket; None is the region of the stack."""
    bucket_failure: str = ""
    """Error message with which the look-up of a bucket fails."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Return the inputs and the outputs that the cloud computes."""
        if self.preview:
            return "", dict(args.inputs)
        id_ = f"{args.name.lower()}-id"
        state = dict(args.inputs)
        name = state.setdefault("name", args.name)
        path = state.get("path", "/") if args.typ == "aws:iam/role:Role" else "/"
        computed: dict[str, Any] = {"arn": self.arn(args.typ, path[1:] + name)}
        if args.typ == "aws:s3/bucket:Bucket":
            computed |= {"bucket": f"{args.name}-1234567", "arn": f"arn:{self.partition}:s3:::{args.name}-1234567"}
        elif args.typ in ("aws:apigateway/restApi:RestApi", "aws:apigatewayv2/api:Api"):
            api = {"aws:apigateway/restApi:RestApi": "rest123"}.get(args.typ, "sock456")
            id_ = api
            computed |= {
                "rootResourceId": "root",
                "executionArn": f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{api}",
                "apiEndpoint": f"wss://{api}.execute-api.{self.region}.{self.suffix}",
            }
        elif args.typ == "aws:lambda/function:Function":
            computed["invokeArn"] = (
                f"arn:{self.partition}:apigateway:{self.region}:lambda:path/{computed['arn']}/invocations"
            )
            computed["qualifiedArn"] = f"{computed['arn']}:{FIRST_VERSION if state.get('publish') else '$LATEST'}"
        elif args.typ == "aws:apigateway/resource:Resource":
            owners = {"comp4y": "/company", "par4m": "/{tenant}"}  # resources of an existing API
            id_ = id_ if "-" in args.name else f"{args.name}id"  # a program's own resource, whose id is checked
            computed["path"] = f"{owners.get(state['parentId'], '')}/{state['pathPart']}"
        elif args.typ.endswith(":DomainName"):
            target, zone = f"d-{args.name}.execute-api.{self.region}.{self.suffix}", "Z1EXAMPLE"
            computed |= {"regionalDomainName": target, "regionalZoneId": zone}
            if "domainNameConfiguration" in state:
                addresses = {"targetDomainName": target, "hostedZoneId": zone}
                computed["domainNameConfiguration"] = {**state["domainNameConfiguration"], **addresses}
        elif args.typ == "aws:sqs/queue:Queue":
            computed["url"] = f"https://sqs.{self.region}.{self.suffix}/{self.account}/{name}"
        return id_, state | computed

    def call(self, args: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer the invokes that the component makes for an existing bucket; it makes no other."""
        if args.token == "aws:index/getRegion:getRegion":
            return {"region": self.region}, []
        assert args.token == "aws:s3/getBucket:getBucket", f"the component asked the provider for data: {args.token}"
        if self.bucket_failure:
            return {}, [("bucket", self.bucket_failure)]
        return {"region": self.region, "bucketRegion": self.bucket_region or self.region, **args.args}, []

    def arn(self, type_: str, name: str) -> str:
        """Return the ARN of a resource."""
        service, _, kind = type_.removeprefix("aws:").partition("/")
        place = f"{self.region}:{self.account}"
        return {
            "iam": f"arn:{self.partition}:iam::{self.account}:role/{name}",
            "dynamodb": f"arn:{self.partition}:dynamodb:{place}:table/{name}",
            "lambda": f"arn:{self.partition}:lambda:{place}:function:{name}",
            "sfn": f"arn:{self.partition}:states:{place}:stateMachine:{name}",
            "sqs": f"arn:{self.partition}:sqs:{place}:{name}",
            "cloudwatch": f"arn:{self.partition}:logs:{place}:log-group:{name}"
            if kind.startswith("logGroup")
            else f"arn:{self.partition}:events:{place}:rule/{name}",
        }.get(service, f"arn:{self.partition}:{service}:{place}:{name}")


class RecordingMonitor(MockMonitor):
    """Mock monitor that also records parents, dependencies and outputs of components.

    It converts the inputs of a resource once, and answers with the request's own: each function has an archive of
    dozens of files, which Pulumi's mock monitor would convert back.
    """

    def __init__(self, mocks: Mocks, deployment: Deployment) -> None:
        super().__init__(mocks)
        self.deployment = deployment

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  (the protocol's name)
        """Record, then answer with the inputs and with what the cloud computed."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = rpc.deserialize_properties(request.object)
        args = MockResourceArgs(request.type, request.name, inputs, request.provider, request.importId, request.custom)
        id_, state = self.mocks.new_resource(args)
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=id_ or "", object=request.object)
        answer.object.update({key: value for key, value in state.items() if value is not inputs.get(key)})
        self.resources[urn] = MockMonitor.ResourceRegistration(urn, id_ or "", state)
        self.deployment.resources.append(
            RegisteredResource(
                type=request.type,
                name=request.name,
                inputs=inputs,
                urn=urn,
                parent=request.parent,
                dependencies=tuple(request.dependencies),
                delete_before_replace=request.deleteBeforeReplace,
                retain_on_delete=request.retainOnDelete,
                protect=request.protect,
                secret_outputs=tuple(request.additionalSecretOutputs),
                delete_timeout=request.customTimeouts.delete,
                custom=request.custom,
            )
        )
        return answer

    def Invoke(self, request: Any) -> Any:  # noqa: N802  (the protocol's name)
        """Record the provider, then answer as the mock monitor does."""
        self.deployment.lookup_providers.append(request.provider)
        return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  (the protocol's name)
        """Record a component's outputs."""
        if request.urn.split("::")[2] != "pulumi:pulumi:Stack":
            self.deployment.component_outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


Args = Mapping[str, Any]
Resolvers = dict[str, Callable[..., None]]


def deploy(
    args: Args | Callable[[], Args] | None = None, *, name: str = "files", fresh: bool = False, **run_with: Any
) -> Deployment:
    """Deploy one component; arguments that contain outputs come from a function, since outputs belong to a run.

    Equal deployments are cached and must not be changed. Use `fresh` for a test that patches the component.
    """

    def program() -> None:
        resolved_args = args() if callable(args) else args or {}
        AsyncDownload(name, cast(AsyncDownloadArgs, nested({"origins": ORIGINS} | dict(resolved_args))))

    if fresh or callable(args):
        return run(program, **run_with)
    key = repr((args or {}, name, run_with))
    if key not in _deployments:
        _deployments[key] = load_or_create(_shared_folder(), key, lambda: run(program, **run_with))
    return _deployments[key]


_deployments: dict[str, Deployment] = {}


def _shared_folder() -> Path | None:
    """Return the folder of this run's workers, which tests/conftest.py creates; None without workers."""
    folder = os.environ.get("SHARED_DEPLOYMENTS")
    return Path(folder) if folder else None


def deploy_program(config: Mapping[str, str], **run_with: Any) -> Deployment:
    """Run the repository's own program with a stack's configuration, keys as the engine passes them."""

    def program() -> None:
        set_all_config(dict(config))
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    return run(program, **run_with)


def run(
    program: Callable[[], None], *, stack: str = STACK, project: str = PROJECT, cloud: Cloud | None = None
) -> Deployment:
    """Run a program in a thread with a context of its own, so that its settings do not outlive it."""
    context = contextvars.copy_context()
    with _no_needless_work(), ThreadPoolExecutor(1) as thread:
        return thread.submit(context.run, _run, program, stack, project, cloud or Cloud()).result()


@contextmanager
def _no_needless_work() -> Iterator[None]:
    """Leave out half of the time of a run.

    The mock monitor ignores stack traces, each of twelve functions would search all files of the runtime for its
    imports, and the garbage collector would visit thousands of futures again and again which all are in use.
    """
    no_trace = mock.patch.object(resource, "_get_stack_trace", source_pb2.StackTrace)
    fewer_tasks = mock.patch.object(rpc, "transfer_properties", _transfer_properties)
    one_list = mock.patch.object(bundle, "sources", _SOURCES)
    one_search = mock.patch.object(bundle, "imported", lambda module, _: dict(_imported(module)))
    gc.disable()
    try:
        with no_trace, fewer_tasks, one_list, one_search:
            yield
    finally:
        gc.enable()


def _transfer_properties(res: pulumi.Resource, props: Mapping[str, Any], custom: bool) -> Resolvers:
    """Do what Pulumi's function does, with one future for each of a resource's outputs instead of four and a task."""
    resolvers: Resolvers = {}
    for name in props:
        if name != "urn" and not (name == "id" and custom):
            data: asyncio.Future[Any] = asyncio.Future()
            res.__dict__[name] = pulumi.Output._from_data(data)
            resolvers[name] = partial(_resolve, res, data)
    return resolvers


def _resolve(
    res: pulumi.Resource,
    data: asyncio.Future[Any],
    value: Any,
    is_known: bool,
    is_secret: bool,
    dependencies: set[pulumi.Resource] | None,
    failure: Exception | None,
) -> None:
    if failure is not None:
        data.set_exception(failure)
    else:
        data.set_result(output._OutputData({*(dependencies or ()), res}, value, is_known, is_secret))


_SOURCES, _SEARCH = cache(bundle.sources), bundle.imported


@cache
def _imported(module: str) -> dict[str, Path]:
    return _SEARCH(module, _SOURCES(bundle.runtime_folder()))


class _Warnings:
    """Logger of the mock engine that keeps warnings and raises errors."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployed = deployment

    def warning(self, message: str) -> None:
        self._deployed.warnings.append(message)

    def debug(self, message: str) -> None:
        """Ignore the message."""

    info = debug

    def error(self, message: str) -> None:
        raise AssertionError(message)


def _run(program: Callable[[], None], stack: str, project: str, cloud: Cloud) -> Deployment:
    deployment = Deployment()
    SETTINGS.outputs = set()  # drop the outputs of an earlier run that failed
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # only the first error is raised: the others follow from it
    asyncio.set_event_loop(loop)
    try:
        monitor = RecordingMonitor(cloud, deployment)
        logger = cast(Any, _Warnings(deployment))
        set_mocks(cloud, project, stack, cloud.preview, logger=logger, monitor=monitor)
        loop.run_until_complete(_finish(program, deployment))
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
    return deployment


async def _finish(program: Callable[[], None], deployment: Deployment) -> None:
    program()
    root = cast(Any, get_root_resource())
    for key, value in dict(root.outputs).items():
        deployment.exports[key] = await pulumi.Output.from_input(value).future()
    await wait_for_rpcs()
