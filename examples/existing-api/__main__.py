"""Downloads under /files of a REST API that the program has for other things, too."""

import pulumi
import pulumi_aws as aws
from async_download import AsyncDownload

STAGE = "live"

api = aws.apigateway.RestApi("company", endpoint_configuration={"types": "REGIONAL"})
folder = aws.apigateway.Resource("files", rest_api=api.id, parent_id=api.root_resource_id, path_part="files")
files = AsyncDownload(
    "files",
    {
        "origins": {"reports": {"base_url": "https://reports.example.com/exports/"}},
        "api": {"rest_api_id": api.id, "root_resource_id": folder.id, "stage_name": STAGE},
    },
)
# Known when all routes exist, and different when they have changed. Add what the API's other routes depend on.
triggers = files.rest_deployment_triggers.apply(lambda routes: {**(routes or {}), "others": "1"})
deployment = aws.apigateway.Deployment("company", rest_api=api.id, triggers=triggers)
stage = aws.apigateway.Stage("company", rest_api=api.id, deployment=deployment.id, stage_name=STAGE)
pulumi.export("downloadUrl", pulumi.Output.all(files.download_url, stage.id).apply(lambda values: values[0]))
pulumi.export("webSocketUrl", files.web_socket_url)
