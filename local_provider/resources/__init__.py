"""The resource types that the stand-in provider knows, one file per service."""

from local_provider.resources import (
    apigateway,
    apigateway_authorizers,
    apigateway_keys,
    apigateway_methods,
    apigateway_stages,
    apigatewayv2,
    dynamodb,
    events,
    iam,
    lambda_,
    logs,
    s3,
    s3_cors,
    sfn,
    sqs,
)
from local_provider.resources.base import Resource

__all__ = ["REGISTRY"]

_SERVICES = (
    apigateway,
    apigateway_authorizers,
    apigateway_keys,
    apigateway_methods,
    apigateway_stages,
    apigatewayv2,
    dynamodb,
    events,
    iam,
    lambda_,
    logs,
    s3,
    s3_cors,
    sfn,
    sqs,
)

REGISTRY: dict[str, Resource] = {one.type: one for service in _SERVICES for one in service.RESOURCES}
"""Type token -> its stand-in."""
