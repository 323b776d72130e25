"""The resource types that the stand-in provider knows, each as a record."""

from local_provider.resource_type import ResourceType
from local_provider.resource_types import apigateway, apigatewayv2, cloudwatch, compute, data, s3, wafv2

_MODULES = (apigateway, apigatewayv2, cloudwatch, compute, data, s3, wafv2)
RESOURCE_TYPES: dict[str, ResourceType] = {kind.type: kind for module in _MODULES for kind in module.RESOURCE_TYPES}
"""Type token -> its description."""
