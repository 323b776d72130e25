"""Custom domains of both APIs: each with its certificate, and mapped to the stage."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from async_download.api.rest_base import RestBase
from async_download.resources import Resources, arn_in_stack
from async_download.scope import Scope

TLS = "TLS_1_2"
REGIONAL = "REGIONAL"


@dataclass(frozen=True)
class MappedDomain:
    """What the DNS record of a custom domain points to, and the mapping or the stage that serves an API at its URL."""

    target: pulumi.Output[str | None]
    zone_id: pulumi.Output[str | None]
    server: pulumi.CustomResource | None
    """None for an existing API, whose stage is made after the component."""

    def served(self, url: pulumi.Output[str]) -> pulumi.Output[str]:
        """Return the URL, for resources that have to wait until it is served."""
        if self.server is None:
            return url
        return pulumi.Output.all(url, self.server.id).apply(lambda values: str(values[0]))


def map_rest_domain(
    scope: Scope,
    resources: pulumi.Output[Resources],
    api: RestBase,
    stage: aws.apigateway.Stage | None,
) -> MappedDomain:
    """Create `api.domain_name`, without a base path, so that paths begin as they do after the stage."""
    settings = scope.settings.api
    if not settings.domain_name or settings.certificate_arn is None or stage is None:
        return _no_domain(stage)
    domain = aws.apigateway.DomainName(
        scope.logical("rest-domain"),
        domain_name=settings.domain_name,
        regional_certificate_arn=arn_in_stack(resources, "api.certificate_arn", settings.certificate_arn),
        endpoint_configuration={"types": REGIONAL},
        security_policy=TLS,
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True, protect=True),
    )
    mapping = aws.apigateway.BasePathMapping(
        scope.logical("rest-domain-mapping"),
        domain_name=domain.domain_name,
        rest_api=api.id,
        stage_name=stage.stage_name,
        opts=scope.options(delete_before_replace=True),
    )
    return MappedDomain(_optional(domain.regional_domain_name), _optional(domain.regional_zone_id), mapping)


def map_socket_domain(
    scope: Scope,
    resources: pulumi.Output[Resources],
    api: aws.apigatewayv2.Api,
    stage: aws.apigatewayv2.Stage,
) -> MappedDomain:
    """Create `websocket.domain_name`."""
    settings = scope.settings.websocket
    if not settings.domain_name or settings.certificate_arn is None:
        return _no_domain(stage)
    domain = aws.apigatewayv2.DomainName(
        scope.logical("socket-domain"),
        domain_name=settings.domain_name,
        domain_name_configuration={
            "certificate_arn": arn_in_stack(resources, "websocket.certificate_arn", settings.certificate_arn),
            "endpoint_type": REGIONAL,
            "security_policy": TLS,
        },
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True, protect=True),
    )
    mapping = aws.apigatewayv2.ApiMapping(
        scope.logical("socket-domain-mapping"),
        api_id=api.id,
        domain_name=domain.domain_name,
        stage=stage.name,
        opts=scope.options(delete_before_replace=True),
    )
    configuration = domain.domain_name_configuration
    target = configuration.apply(lambda value: value.target_domain_name)
    return MappedDomain(target, configuration.apply(lambda value: value.hosted_zone_id), mapping)


def _optional(value: pulumi.Output[str]) -> pulumi.Output[str | None]:
    return value.apply(lambda text: text)


def _no_domain(stage: pulumi.CustomResource | None) -> MappedDomain:
    return MappedDomain(pulumi.Output.from_input(None), pulumi.Output.from_input(None), stage)
