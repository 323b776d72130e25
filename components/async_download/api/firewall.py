"""The web ACL of AWS WAF that filters REST requests. WebSocket APIs cannot have one."""

import pulumi
import pulumi_aws as aws

from async_download.resources import Resources, arn_in_stack
from async_download.scope import Scope


def associate_web_acl(scope: Scope, resources: pulumi.Output[Resources], stage: aws.apigateway.Stage | None) -> None:
    """Have the web ACL of `api.web_acl_arn` filter the requests to a stage."""
    web_acl = scope.settings.api.web_acl_arn
    if web_acl is not None and stage is not None:
        aws.wafv2.WebAclAssociation(
            scope.logical("rest-web-acl"),
            resource_arn=stage.arn,
            web_acl_arn=arn_in_stack(resources, "api.web_acl_arn", web_acl),
            opts=scope.options(delete_before_replace=True),
        )
