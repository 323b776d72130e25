"""The REST API: clients request, look at and cancel downloads."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from async_download import worst_case
from async_download.api import rest_keys
from async_download.api.rest_base import base_path, create_api, existing_api
from async_download.api.rest_page import page_route
from async_download.api.rest_routes import Routes, create_paths
from async_download.names import FunctionName
from async_download.observability import REST_FIELDS, AccessLogs
from async_download.resources import REST_API
from async_download.scope import Scope
from async_download.settings import Settings
from async_download.settings.auth import ApiKey, RestAuth


class RestApi:
    """The API, whose id others need, and its routes and stage, which need the functions."""

    def __init__(self, scope: Scope, socket_api: aws.apigatewayv2.Api) -> None:
        self._scope = scope
        settings = scope.settings.api
        existing = settings.rest_api_id is not None
        self.api = (
            existing_api(settings.rest_api_id, settings.root_resource_id, socket_api)
            if settings.rest_api_id is not None
            else create_api(scope, scope.physical(REST_API))
        )
        self._paths = create_paths(scope, self.api)
        self.base_path = base_path(self._paths) if existing else pulumi.Output.from_input("")
        self.triggers: pulumi.Output[dict[str, str] | None] = pulumi.Output.from_input(None)
        """With an existing API, what its owner's deployment has to be made anew for, known when all routes exist."""
        self.api_key: aws.apigateway.ApiKey | None = None
        self.api_keys: dict[str, aws.apigateway.ApiKey] = {}

    def serve(
        self, functions: Mapping[FunctionName, aws.lambda_.Function], logs: AccessLogs, *depends_on: pulumi.Resource
    ) -> aws.apigateway.Stage | None:
        """Create the routes, and the stage that serves them; the stage of an existing API is its owner's: None."""
        scope, settings = self._scope, self._scope.settings
        routes = Routes(scope, self.api, self._paths, self.base_path, functions)
        page = page_route(scope, self.api, self.base_path, functions["web_page"]) if settings.api.web_page else []
        if settings.api.rest_api_id is not None:
            self.triggers = triggers_after(routes.triggers, [*routes.parts, *page])
            self._warn()
            return None
        deployment = aws.apigateway.Deployment(
            scope.logical("rest-deployment"),
            rest_api=self.api.id,
            description="Made anew whenever routes, models, answers or auth change.",
            triggers=routes.triggers,
            opts=scope.options(*routes.parts, *page),
        )
        stage = aws.apigateway.Stage(
            scope.logical("rest-stage"),
            rest_api=self.api.id,
            deployment=deployment.id,
            stage_name=settings.api.stage_name,
            description="Ask for downloads.",
            xray_tracing_enabled=settings.observability.tracing,
            access_log_settings=logs.of("rest", REST_FIELDS),
            tags=scope.tags,
            opts=scope.options(*logs.ready, *depends_on, delete_before_replace=True),
        )
        aws.apigateway.MethodSettings(
            scope.logical("rest-settings"),
            rest_api=self.api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "throttling_rate_limit": settings.api.throttle_rate,
                "throttling_burst_limit": settings.api.throttle_burst,
                "data_trace_enabled": False,
                "logging_level": "OFF",
                "metrics_enabled": False,
                "caching_enabled": False,
            },
            opts=scope.options(),
        )
        self._restrict(stage)
        return stage

    def _restrict(self, stage: aws.apigateway.Stage) -> None:
        """Create the keys and plans of `api_key`, or warn about an API that is open to everybody."""
        scope, settings = self._scope, self._scope.settings
        self._warn()
        if settings.auth.type is not RestAuth.API_KEY:
            return
        limits = ApiKey(settings.api.throttle_rate, settings.api.throttle_burst)
        self.api_key = rest_keys.add_key(scope, "", limits, self.api, stage)
        for name, key in settings.auth.api_keys.items():
            self.api_keys[name] = rest_keys.add_key(scope, name, key, self.api, stage)

    def _warn(self) -> None:
        if self._scope.settings.auth.type is RestAuth.NONE:
            pulumi.log.warn(_open_to_everybody(self._scope.settings), self._scope.component)


def triggers_after(
    triggers: Mapping[str, pulumi.Input[str]], parts: Sequence[pulumi.Resource]
) -> pulumi.Output[dict[str, str] | None]:
    """Return the triggers of a deployment once all of its parts exist, so that they need not be named."""
    ids = [part.id for part in parts if isinstance(part, pulumi.CustomResource)]
    return pulumi.Output.all(triggers=triggers, ids=ids).apply(lambda values: dict(values["triggers"]))


def _open_to_everybody(settings: Settings) -> str:
    """Return the warning of a stack that anybody may call, with what that may cost."""
    request, day = worst_case.one_request(settings), worst_case.one_caller_a_day(settings)
    bound = (
        "limits.max_downloads_per_caller"
        if settings.limits.max_downloads_per_caller
        else "the account's concurrency alone"
    )
    return (
        "auth.type is none: anybody may ask for files of the configured origins. One request may cost up to "
        f"${request:,.0f}, and one address, limited by {bound}, up to ${day:,.0f} a day (docs/cost.md)."
    )
