"""Settings for a company's account on Pulumi's own engine: each is applied once and then unchanged."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from pulumi import automation

from integration_tests.engine.stages import client_of, journey
from integration_tests.support.changes import Change, changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import remove_config, set_config

ROLE, LOG_GROUP = "aws:iam/role:Role", "aws:cloudwatch/logGroup:LogGroup"
BOUNDARY = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def web_acl(cloud: Cloud) -> Iterator[str]:
    """A web ACL that allows everything."""
    waf, name = cloud.client("wafv2"), f"company-{secrets.token_hex(3)}"
    metrics = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    acl = waf.create_web_acl(Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=metrics)
    yield acl["Summary"]["ARN"]
    found = waf.get_web_acl(Name=name, Scope="REGIONAL", Id=acl["Summary"]["Id"])
    waf.delete_web_acl(Name=name, Scope="REGIONAL", Id=acl["Summary"]["Id"], LockToken=found["LockToken"])


def apply(stack: automation.Stack, settings: dict[str, str]) -> set[Change]:
    """Set settings and deploy twice; return the changes of the first time, and assert that the second has none."""
    set_config(stack, settings)
    changes = changes_of(stack.up)
    assert changes_of(stack.up) == set(), settings
    assert changes_of(stack.preview, expect_no_changes=True) == set(), settings
    return changes


def test_each_setting_is_applied_once_and_the_stack_goes_on_working(
    empty: automation.Stack, cloud: Cloud, web_acl: str
) -> None:
    empty.up()
    changes = apply(empty, {"protection.permissionsBoundaryArn": BOUNDARY})
    assert {(change.operation, change.type) for change in changes} == {("update", ROLE)}
    changes = apply(empty, {"protection.rolePath": "/company/files/"})
    assert ("create-replacement", ROLE) in {(change.operation, change.type) for change in changes}
    assert "aws:dynamodb/table:Table" not in {change.type for change in changes}
    changes = apply(empty, {"observability.logGroupPrefix": f"/company/{empty.name}"})
    assert ("create-replacement", LOG_GROUP) in {(change.operation, change.type) for change in changes}
    journey(client_of(cloud, empty))
    changes = apply(empty, {"api.webAclArn": web_acl})
    assert Change("create", "aws:wafv2/webAclAssociation:WebAclAssociation", "files-rest-web-acl") in changes
    empty.refresh(expect_no_changes=True)


def test_custom_domains_are_created_once_and_removed_again(empty: automation.Stack, cloud: Cloud) -> None:
    if cloud.target is Target.AWS:
        pytest.skip("Custom domains need a certificate and a DNS zone.")
    account = cloud.client("sts").get_caller_identity()["Account"]
    certificate = f"arn:aws:acm:{cloud.region}:{account}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
    domains = {
        "api.domainName": f"files-{empty.name}.example.com",
        "api.certificateArn": certificate,
        "websocket.domainName": f"sockets-{empty.name}.example.com",
        "websocket.certificateArn": certificate,
    }
    apply(empty, domains)
    outputs = {name: output.value for name, output in empty.outputs().items()}
    assert outputs["apiUrl"] == f"https://files-{empty.name}.example.com"
    assert outputs["webSocketUrl"] == f"wss://sockets-{empty.name}.example.com"
    assert outputs["apiDomainTarget"]
    assert outputs["webSocketDomainTarget"]
    empty.refresh(expect_no_changes=True)
    remove_config(empty, *domains)
    changes = changes_of(empty.up)
    assert {change.type for change in changes if change.operation == "delete"} == {
        "aws:apigateway/basePathMapping:BasePathMapping",
        "aws:apigateway/domainName:DomainName",
        "aws:apigatewayv2/apiMapping:ApiMapping",
        "aws:apigatewayv2/domainName:DomainName",
    }
    journey(client_of(cloud, empty))
