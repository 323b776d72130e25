"""The routes of the REST API, as data and as resources."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.api import cors, rest_requests
from async_download.api.gateway_errors import GatewayError, gateway_errors
from async_download.api.proxy import INTEGRATION_MS, invoke_function, permission_source
from async_download.api.rest_authorizer import RestAuthorizer, auth_of_methods
from async_download.api.rest_base import Paths, RestBase
from async_download.api.rest_preflight import preflight
from async_download.names import FunctionName, hyphenated
from async_download.scope import Scope
from async_download.settings import Settings


@dataclass(frozen=True)
class Route:
    """A route of the API and its function."""

    method: str
    path: tuple[str, ...]
    function: FunctionName
    checked: str = ""  # part of the request that the gateway validates: body or query

    @property
    def permission_path(self) -> str:
        """Path, as the source ARN of a permission names it."""
        return "/".join("*" if part.startswith("{") else part for part in self.path)


ROUTES = (
    Route("POST", ("downloads",), "request_download", "body"),
    Route("GET", ("download",), "request_download", "query"),
    Route("GET", ("downloads", "{id}"), "get_download"),
    Route("DELETE", ("downloads", "{id}"), "cancel_download"),
)


Functions = Mapping[FunctionName, aws.lambda_.Function]


class Routes:
    """Resources of the REST API that a deployment takes a snapshot of."""

    def __init__(
        self, scope: Scope, api: RestBase, paths: Paths, base_path: pulumi.Output[str], functions: Functions
    ) -> None:
        self._scope, self._api, self._functions = scope, api, functions
        self._paths, self._base_path = paths, base_path
        chosen = scope.settings.auth.authorizer
        self._authorizer = RestAuthorizer(scope, api, chosen) if chosen else None
        self.parts = [*self._routes(), *self._errors(), *(self._authorizer.parts if self._authorizer else [])]

    @property
    def triggers(self) -> dict[str, pulumi.Input[str]]:
        """Values that cause a new deployment when they change."""
        routes: dict[str, pulumi.Input[str]] = {"redeployment": fingerprint(self._scope)}
        return routes | ({"authorizer": self._authorizer.fingerprint} if self._authorizer else {})

    def _routes(self) -> list[pulumi.Resource]:
        scope = self._scope
        checks = {} if is_existing(scope.settings) else self._checks()
        created: list[pulumi.Resource] = []
        for route in ROUTES:
            created += self._route(route, self._paths[route.path].id, checks.get(route.checked, {}))
        for path, headers in preflights(scope.settings).items():
            resource = self._paths[path].id
            created += preflight(scope, self._api.id, f"rest-options-{_slug(path)}", resource, headers)
        return created

    def _checks(self) -> dict[str, dict[str, Any]]:
        """Return the arguments of methods whose body or query the gateway checks before a function runs."""
        scope = self._scope
        model = aws.apigateway.Model(
            scope.logical("rest-model"),
            rest_api=self._api.id,
            name=rest_requests.MODEL_NAME,
            description="Body of POST /downloads.",
            content_type="application/json",
            schema=json.dumps(rest_requests.model(scope.settings.origins)),
            opts=scope.options(delete_before_replace=True),
        )
        # "$default": without it a body of another content type would not be validated.
        body = {
            "request_models": {"application/json": model.name, "$default": model.name},
            "request_validator_id": self._validator("body").id,
        }
        query = {
            "request_parameters": rest_requests.parameters(scope.settings.origins),
            "request_validator_id": self._validator("parameters").id,
        }
        return {"body": body, "query": query}

    def _validator(self, checks: str) -> aws.apigateway.RequestValidator:
        return aws.apigateway.RequestValidator(
            self._scope.logical(f"rest-validator-{checks}"),
            rest_api=self._api.id,
            name=checks,
            validate_request_body=checks == "body",
            validate_request_parameters=checks == "parameters",
            opts=self._scope.options(),
        )

    def _route(self, route: Route, resource: pulumi.Output[str], checked: dict[str, Any]) -> list[pulumi.Resource]:
        scope = self._scope
        part = f"rest-{route.method.lower()}-{_slug(route.path)}"
        method = aws.apigateway.Method(
            scope.logical(part),
            rest_api=self._api.id,
            resource_id=resource,
            http_method=route.method,
            operation_name=route.function,
            opts=scope.options(delete_before_replace=True),
            **auth_of_methods(scope.settings, self._authorizer),
            **checked,
        )
        path = f"{route.method}/{route.permission_path}"
        source = permission_source(scope, self._api, self._base_path, path)
        return invoke_function(scope, part, self._api, method, self._functions[route.function], source)

    def _errors(self) -> list[pulumi.Resource]:
        scope = self._scope
        return [
            aws.apigateway.Response(
                scope.logical("rest-error-" + hyphenated(kind.lower())),
                rest_api_id=self._api.id,
                response_type=kind,
                status_code=None if error.status is None else str(error.status),
                response_templates={"application/json": error.body},
                response_parameters=error.headers or None,
                opts=scope.options(delete_before_replace=True),
            )
            for kind, error in error_responses(scope.settings).items()
        ]


def create_paths(scope: Scope, api: RestBase) -> Paths:
    """Create a resource for each path of the routes, parents first."""
    created: dict[tuple[str, ...], aws.apigateway.Resource] = {}
    for path in sorted({route.path[: depth + 1] for route in ROUTES for depth in range(len(route.path))}):
        created[path] = aws.apigateway.Resource(
            scope.logical("rest-" + _slug(path)),
            rest_api=api.id,
            parent_id=created[path[:-1]].id if path[:-1] else api.root_resource_id,
            path_part=path[-1],
            opts=scope.options(),
        )
    return created


def is_existing(settings: Settings) -> bool:
    """Return whether the routes are added to an existing API, whose models and gateway responses are its owner's."""
    return settings.api.rest_api_id is not None


def error_responses(settings: Settings) -> dict[str, GatewayError]:
    """Return the responses of the gateway itself; none for an existing API."""
    if is_existing(settings):
        return {}
    fields = rest_requests.description(settings.origins)
    firewall = settings.api.web_acl_arn is not None
    return gateway_errors(settings.auth.type, settings.api.cors_origins, fields, firewall)


def preflights(settings: Settings) -> dict[tuple[str, ...], dict[str, str]]:
    """Return the headers of the response to OPTIONS for each path; nothing without CORS origins."""
    origins, extra_headers = (
        settings.api.cors_origins,
        [settings.auth.authorizer.header] if settings.auth.authorizer else [],
    )
    paths = sorted({route.path for route in ROUTES}) if origins else []
    return {
        path: cors.preflight(origins, (route.method for route in ROUTES if route.path == path), extra_headers)
        for path in paths
    }


def fingerprint(scope: Scope) -> str:
    """Return a hash of everything in the snapshot of a deployment that is known before the deployment."""
    settings = scope.settings
    snapshot = {
        "routes": [asdict(route) for route in ROUTES],
        "functions": {route.function: scope.physical(hyphenated(route.function)) for route in ROUTES},
        "model": rest_requests.model(settings.origins),
        "parameters": rest_requests.parameters(settings.origins),
        "errors": {kind: asdict(error) for kind, error in error_responses(settings).items()},
        "preflights": {"/".join(path): headers for path, headers in preflights(settings).items()},
        "auth": settings.auth.type.value,
        "authorizer": settings.auth.authorizer.plain if settings.auth.authorizer else None,
        "page": settings.api.web_page,
        "milliseconds": INTEGRATION_MS,
    }
    return hashlib.sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()


def _slug(path: tuple[str, ...]) -> str:
    return "-".join(part.strip("{}") for part in path)
