"""The web page, served by the REST API itself: nothing is public but this one path."""

import pulumi
import pulumi_aws as aws

from async_download.api.proxy import invoke_function, permission_source
from async_download.api.rest_base import RestBase
from async_download.names import FunctionName
from async_download.scope import Scope

FUNCTION: FunctionName = "web_page"
PATH = "page"
INDEX = "index.html"


def page_url(scope: Scope, api_url: pulumi.Output[str]) -> pulumi.Output[str | None]:
    """Return the URL of the page; None without `web_page`."""
    if not scope.settings.api.web_page:
        return pulumi.Output.from_input(None)
    return api_url.apply(lambda url: f"{url}/{PATH}/{INDEX}")


def page_route(
    scope: Scope, api: RestBase, base_path: pulumi.Output[str], function: aws.lambda_.Function
) -> list[pulumi.Resource]:
    """Create `GET /page/{file}`, open to everyone: a browser that loads a page sends no key."""
    part = "rest-get-page-file"
    folder = aws.apigateway.Resource(
        scope.logical("rest-page"),
        rest_api=api.id,
        parent_id=api.root_resource_id,
        path_part=PATH,
        opts=scope.options(),
    )
    file = aws.apigateway.Resource(
        scope.logical("rest-page-file"), rest_api=api.id, parent_id=folder.id, path_part="{file}", opts=scope.options()
    )
    method = aws.apigateway.Method(
        scope.logical(part),
        rest_api=api.id,
        resource_id=file.id,
        http_method="GET",
        authorization="NONE",
        api_key_required=False,
        operation_name=FUNCTION,
        opts=scope.options(delete_before_replace=True),
    )
    source = permission_source(scope, api, base_path, f"GET/{PATH}/*")
    return invoke_function(scope, part, api, method, function, source)
