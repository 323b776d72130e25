"""The authorizer of the REST API, and the permission to invoke its function."""

import hashlib
import json
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.api.rest_base import RestBase
from async_download.scope import Scope
from async_download.settings import Settings
from async_download.settings.auth import Authorizer, RestAuth


class RestAuthorizer:
    """The authorizer: its id for the methods, its resources and its fingerprint for the deployment."""

    def __init__(self, scope: Scope, api: RestBase, settings: Authorizer) -> None:
        function = None if settings.function_arn is None else pulumi.Output.from_input(settings.function_arn)
        authorizer = aws.apigateway.Authorizer(
            scope.logical("rest-authorizer"),
            rest_api=api.id,
            name=scope.physical("rest"),
            type=settings.type,
            authorizer_uri=function.apply(invoke_arn) if function else None,
            provider_arns=None if function else list(settings.user_pool_arns),
            identity_source=f"method.request.header.{settings.header}",
            authorizer_result_ttl_in_seconds=settings.cache_seconds,
            opts=scope.options(),
        )
        self.id = authorizer.id
        self.parts: list[pulumi.Resource] = [authorizer]
        if function:
            self.parts.append(
                aws.lambda_.Permission(
                    scope.logical("rest-authorizer-permission"),
                    statement_id=scope.physical("rest-authorizer"),
                    action="lambda:InvokeFunction",
                    function=function.apply(lambda arn: split(arn)[0]),
                    qualifier=function.apply(lambda arn: split(arn)[1]),
                    principal="apigateway.amazonaws.com",
                    source_arn=pulumi.Output.concat(api.execution_arn, "/authorizers/", authorizer.id),
                    opts=scope.options(),
                )
            )
        snapshot = {"function": settings.function_arn, "pools": list(settings.user_pool_arns), "id": authorizer.id}
        self.fingerprint = pulumi.Output.from_input(snapshot).apply(_digest)


def auth_of_methods(settings: Settings, authorizer: RestAuthorizer | None) -> dict[str, Any]:
    """Return the authorization arguments of every method."""
    auth, chosen = settings.auth.type, settings.auth.authorizer
    arguments: dict[str, Any] = {"api_key_required": auth is RestAuth.API_KEY}
    if authorizer is None or chosen is None:
        return arguments | {"authorization": "AWS_IAM" if auth is RestAuth.IAM else "NONE"}
    arguments |= {"authorization": chosen.authorization, "authorizer_id": authorizer.id}
    return arguments | ({"authorization_scopes": list(chosen.scopes)} if chosen.scopes else {})


def _digest(snapshot: object) -> str:
    return hashlib.sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()


def invoke_arn(function: str) -> str:
    """Return the ARN by which API Gateway calls a function."""
    _, partition, _, region, *_ = function.split(":")
    return f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"


def split(function: str) -> tuple[str, str | None]:
    """Return a function's ARN without its version or alias, and that version or alias."""
    parts = function.split(":")
    return ":".join(parts[:7]), parts[7] if len(parts) > 7 else None
