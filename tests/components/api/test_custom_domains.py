"""Custom domains of both APIs, and the web ACL of the REST API."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pulumi
import pytest
from async_download import InvalidSetting
from async_download.api.gateway_errors import BLOCKED
from async_download.settings import resolve

from localcloud.config import nested
from tests.components.support.harness import ORIGINS, Cloud, Deployment, deploy
from tests.components.support.variants import CERTIFICATE, REST_DOMAIN, SOCKET_DOMAIN, WEB_ACL

DOMAINS = REST_DOMAIN | SOCKET_DOMAIN
DEFAULT_API = "https://rest123.execute-api.eu-west-1.amazonaws.com"


def variables(deployment: Deployment, part: str) -> dict[str, str]:
    found: dict[str, str] = deployment.resource("lambda/function:Function", part).inputs["environment"]["variables"]
    return found


def outputs(deployment: Deployment) -> dict[str, Any]:
    (found,) = deployment.component_outputs.values()
    return found


def test_urls_have_the_custom_domains_and_no_stage() -> None:
    deployment = deploy(DOMAINS | {"auth.type": "none", "api.web_page": True})
    found = outputs(deployment)
    assert found["apiUrl"] == "https://files.example.com"
    assert found["downloadUrl"] == "https://files.example.com/download"
    assert found["webPageUrl"] == "https://files.example.com/page/index.html"
    assert found["webSocketUrl"] == "wss://sockets.example.com"
    assert found["executeApiUrl"] == f"{DEFAULT_API}/v1"
    assert found["webSocketExecuteApiUrl"] == "wss://sock456.execute-api.eu-west-1.amazonaws.com/v1"
    environment = variables(deployment, "request-download")
    assert (environment["API_URL"], environment["WEB_SOCKET_URL"]) == (found["apiUrl"], found["webSocketUrl"])


@pytest.mark.parametrize(
    ("args", "api", "socket"),
    [(REST_DOMAIN, "https://files.example.com", "wss://sock456."), (SOCKET_DOMAIN, DEFAULT_API, "wss://sockets.")],
)
def test_one_api_may_have_a_custom_domain_and_the_other_none(args: dict[str, Any], api: str, socket: str) -> None:
    found = outputs(deploy(args))
    assert found["apiUrl"].startswith(api)
    assert found["webSocketUrl"].startswith(socket)
    assert len([name for name in found if "Domain" in name]) == 2, "those of the API that has one"


def test_functions_post_to_the_default_endpoint() -> None:
    """There the path of @connections begins with the stage, and the signature names the host of AWS."""
    deployment = deploy(DOMAINS)
    for part in ("connect", "message", "deliver", "copy", "fail"):
        url = variables(deployment, part)["MANAGEMENT_URL"]
        assert url == "https://sock456.execute-api.eu-west-1.amazonaws.com/v1", part


def test_a_domain_is_regional_with_tls_1_2_and_mapped_to_the_stage_without_a_path() -> None:
    deployment = deploy(DOMAINS | {"api.stage_name": "live"})
    rest = deployment.resource("apigateway/domainName:DomainName").inputs
    assert (rest["domainName"], rest["regionalCertificateArn"]) == ("files.example.com", CERTIFICATE)
    assert (rest["endpointConfiguration"], rest["securityPolicy"]) == ({"types": "REGIONAL"}, "TLS_1_2")
    socket = deployment.resource("apigatewayv2/domainName:DomainName").inputs
    assert socket["domainName"] == "sockets.example.com"
    expected = {"certificateArn": CERTIFICATE, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
    assert socket["domainNameConfiguration"] == expected
    mapping = deployment.resource("apigateway/basePathMapping:BasePathMapping").inputs
    assert mapping == {"domainName": "files.example.com", "restApi": "rest123", "stageName": "live"}
    mapping = deployment.resource("apigatewayv2/apiMapping:ApiMapping").inputs
    assert mapping == {"domainName": "sockets.example.com", "apiId": "sock456", "stage": "live"}


def test_security_policy_and_endpoint_type_are_values_of_aws() -> None:
    session = botocore.session.Session()
    for service, policy, endpoint in (
        ("apigateway", "SecurityPolicy", "EndpointType"),
        ("apigatewayv2", "SecurityPolicy", "EndpointType"),
    ):
        model = session.get_service_model(service)
        assert "TLS_1_2" in model.shape_for(policy).enum
        assert "REGIONAL" in model.shape_for(endpoint).enum


def test_the_targets_of_dns_records_are_outputs() -> None:
    found = outputs(deploy(DOMAINS))
    assert found["apiDomainTarget"] == "d-files-rest-domain.execute-api.eu-west-1.amazonaws.com"
    assert found["webSocketDomainTarget"] == "d-files-socket-domain.execute-api.eu-west-1.amazonaws.com"
    assert found["apiDomainZoneId"] == found["webSocketDomainZoneId"] == "Z1EXAMPLE"


def test_the_page_of_a_custom_domain_may_fetch_copies() -> None:
    """The page is also served at the default endpoint, unless that is disabled."""
    page: dict[str, Any] = {**REST_DOMAIN, "auth.type": "none", "api.web_page": True}
    for disabled, origins in (
        (False, ["https://files.example.com", DEFAULT_API]),
        (True, ["https://files.example.com"]),
    ):
        deployment = deploy(page | {"api.disable_execute_api_endpoint": disabled})
        (rule,) = deployment.resource("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]
        assert rule["allowedOrigins"] == origins


def test_only_the_rest_api_loses_its_default_endpoint() -> None:
    """Messages to clients go through that of the WebSocket API: without it each is refused with 403."""
    deployment = deploy(DOMAINS | {"api.disable_execute_api_endpoint": True})
    assert deployment.resource("apigateway/restApi:RestApi").inputs["disableExecuteApiEndpoint"] is True
    assert "disableExecuteApiEndpoint" not in deployment.resource("apigatewayv2/api:Api").inputs
    assert "disableExecuteApiEndpoint" not in deploy(DOMAINS).resource("apigateway/restApi:RestApi").inputs


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"api.domain_name": "files.example.com"}, r"api\.certificate_arn .*required, since api\.domain_name is set"),
        ({"api.certificate_arn": CERTIFICATE}, r"api\.domain_name .*required, since api\.certificate_arn is set"),
        ({"websocket.domain_name": "a.example.com"}, r"websocket\.certificate_arn .*required"),
        ({"websocket.certificate_arn": CERTIFICATE}, r"websocket\.domain_name .*required"),
        (DOMAINS | {"websocket.domain_name": "files.example.com"}, r"websocket\.domain_name .*another domain"),
        ({"api.disable_execute_api_endpoint": True}, r"disable_execute_api_endpoint .*false without api\.domain_name"),
        *(
            (REST_DOMAIN | {"api.domain_name": domain}, r"api\.domain_name .*a lower-case host name")
            for domain in ("", "Files.example.com", "https://files.example.com", "*.example.com", "localhost", "a/b.de")
        ),
        *(
            (REST_DOMAIN | {"api.domain_name": domain}, r"api\.domain_name .*a lower-case host name")
            for domain in ("10.0.0.1", "-a.example.com", "files.example.com.", "a" * 64 + ".de", f"{'a.' * 127}de", 7)
        ),
        *(
            ({"websocket.domain_name": "a.example.com", "websocket.certificate_arn": arn}, "ARN of an ACM certificate")
            for arn in ("", "1234", CERTIFICATE.replace(":acm:", ":iam:"), CERTIFICATE.replace("eu-west-1", ""))
        ),
        *(
            ({"api.web_acl_arn": arn}, "the ARN of a regional web ACL")
            for arn in ("", WEB_ACL.replace("regional", "global"), WEB_ACL.replace("wafv2", "waf"), "company")
        ),
    ],
)
def test_what_is_no_domain_certificate_or_web_acl_is_refused(args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        resolve("files", nested({"origins": ORIGINS, **args}))


@pytest.mark.parametrize("place", ["us-east-1:123456789012", "eu-west-1:210987654321"])
@pytest.mark.parametrize(
    ("setting", "args"),
    [
        ("api.certificate_arn", REST_DOMAIN),
        ("websocket.certificate_arn", SOCKET_DOMAIN),
        ("api.web_acl_arn", {"api.web_acl_arn": WEB_ACL}),
    ],
)
def test_what_is_in_another_region_or_account_is_refused(setting: str, args: dict[str, Any], place: str) -> None:
    """Certificates for CloudFront are in us-east-1; API Gateway takes those of its own region."""
    elsewhere = {setting: args[setting].replace("eu-west-1:123456789012", place)}
    sentence = f"{setting} .*an ARN of partition aws, region eu-west-1 and account 123456789012"
    with pytest.raises(ValueError, match=sentence):
        deploy(args | elsewhere, fresh=True)


def test_the_partition_is_checked_too() -> None:
    cloud = Cloud(partition="aws-cn", suffix="amazonaws.com.cn", region="eu-west-1")
    with pytest.raises(ValueError, match="an ARN of partition aws-cn"):
        deploy(REST_DOMAIN, cloud=cloud, fresh=True)


def test_certificates_and_the_web_acl_may_be_computed() -> None:
    deployment = deploy(
        lambda: {
            "api.domain_name": "files.example.com",
            "api.certificate_arn": pulumi.Output.from_input(CERTIFICATE),
            "api.web_acl_arn": pulumi.Output.from_input(WEB_ACL),
        }
    )
    assert deployment.resource("apigateway/domainName:DomainName").inputs["regionalCertificateArn"] == CERTIFICATE
    assert deployment.resource("wafv2/webAclAssociation:WebAclAssociation").inputs["webAclArn"] == WEB_ACL


def test_the_web_acl_filters_the_stage() -> None:
    deployment = deploy({"api.web_acl_arn": WEB_ACL})
    association = deployment.resource("wafv2/webAclAssociation:WebAclAssociation")
    stage = deployment.resource("apigateway/stage:Stage")
    assert association.inputs == {"webAclArn": WEB_ACL, "resourceArn": Cloud().arn(stage.type, stage.name)}
    assert stage.urn in association.dependencies


def test_a_request_that_the_firewall_blocks_has_an_answer_of_its_own(deployment: Deployment) -> None:
    """Without a web ACL the answer stays as it is."""
    part = "rest-error-waf-filtered"
    blocked = deploy({"api.web_acl_arn": WEB_ACL}).resource("apigateway/response:Response", part).inputs
    answer = json.loads(blocked["responseTemplates"]["application/json"])["error"]
    assert (answer["code"], blocked["statusCode"]) == ("REQUEST_BLOCKED", "403") == (BLOCKED.code, str(BLOCKED.status))
    assert "before it reached the API" in answer["message"]
    plain = deployment.resource("apigateway/response:Response", part).inputs
    assert "FORBIDDEN" in plain["responseTemplates"]["application/json"]
