"""The component as a package of every Pulumi language."""

import json

from pulumi.provider.experimental.component import ComponentProvider

from async_download.component import AsyncDownload

PACKAGE = "async-download"
DESCRIPTION = {
    "displayName": "Async Download",
    "description": "Serves files that are too large or too slow for a REST API: copied to S3 by Step Functions, "
    "announced over a WebSocket, and downloaded from a pre-signed URL.",
    "keywords": ["aws", "download", "lambda", "s3", "step-functions", "websocket", "category/cloud", "kind/component"],
    "license": "MIT-0",
}
"""What Pulumi's registry shows; the keywords with a slash are the registry's own."""


class Plugin(ComponentProvider):
    """Provider of the component: the engine asks it for the schema and lets it construct the component."""

    def __init__(self, version: str) -> None:
        super().__init__([AsyncDownload], PACKAGE, version=version)
        described = json.loads(self.schema or "{}") | DESCRIPTION
        # Go's SDK makes no arguments for a type that only plain maps hold, as origins are, and then does not compile.
        described["language"]["go"]["generateExtraInputTypes"] = True
        self.schema = json.dumps(described)
