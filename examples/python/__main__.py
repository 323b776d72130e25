"""Downloads of reports, in a Python program."""

import pulumi
from async_download import AsyncDownload

files = AsyncDownload(
    "files",
    {
        "origins": {"reports": {"base_url": "https://reports.example.com/exports/"}},
        "tags": {"team": "reporting"},
    },
)
pulumi.export("downloadUrl", files.download_url)
