"""Settings and parts of `copy` and `copy_slice`, which read files of origins."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.adapters import startup
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.objects import S3Objects
from runtime.adapters.origin_http import HttpOrigins
from runtime.adapters.secret_values import SecretsManager
from runtime.adapters.sockets import ManagementSockets
from runtime.logic.origin.fetch import FetchBuilder
from runtime.models import Origins


@dataclass(frozen=True, kw_only=True)
class CopyingSettings:
    """The environment variables that both functions have."""

    downloads_table: str
    bucket: str
    object_prefix: str
    origins: Origins
    loopback_origins: bool
    management_url: str


def build_adapters(settings: CopyingSettings) -> tuple[DynamoDownloads, S3Objects, ManagementSockets, FetchBuilder]:
    """Build the adapters of a copying worker and have them warmed up."""
    downloads, objects = DynamoDownloads(settings.downloads_table), S3Objects(settings.bucket)
    origins, secrets, sockets = HttpOrigins(), SecretsManager(), ManagementSockets(settings.management_url)
    has_secrets = any(origin.has_secrets for origin in settings.origins.values())
    startup.prepare(downloads, objects, origins, sockets, secrets if has_secrets else None)
    return downloads, objects, sockets, FetchBuilder(origins, secrets, settings.origins, settings.loopback_origins)
