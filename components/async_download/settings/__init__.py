"""Settings of the component: declared in one module per group, checked before any resource is registered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import pulumi

from async_download.names import default_prefix
from async_download.settings import checks
from async_download.settings.api import Api
from async_download.settings.auth import Auth, RestAuth
from async_download.settings.checks import InvalidSetting
from async_download.settings.cloud import Cloud
from async_download.settings.copying import Copying
from async_download.settings.encryption import Encryption
from async_download.settings.limits import Limits
from async_download.settings.observability import Observability
from async_download.settings.origins import Origin, check_names, check_secrets
from async_download.settings.protection import Protection
from async_download.settings.retention import Retention
from async_download.settings.setting import (
    Group,
    group,
    nearest,
    objects,
    paths,
    resolve_group,
    text,
    unknown_keys,
    value_of_type,
)
from async_download.settings.storage import Storage
from async_download.settings.tags import check_tags, default_tags
from async_download.settings.vpc import Vpc
from async_download.settings.websocket import WebSocket


@dataclass(frozen=True)
class Settings(Group):
    """Settings of the component. Their order is that of the documentation."""

    origins: Mapping[str, Origin] = objects(
        Origin, check_names, "Origins that files are copied from, by name.", required=True
    )
    storage: Storage = group(Storage)
    retention: Retention = group(Retention)
    auth: Auth = group(Auth)
    api: Api = group(Api)
    websocket: WebSocket = group(WebSocket)
    limits: Limits = group(Limits)
    copying: Copying = group(Copying)
    vpc: Vpc = group(Vpc)
    observability: Observability = group(Observability)
    encryption: Encryption = group(Encryption)
    protection: Protection = group(Protection)
    name_prefix: str = text(
        "",
        r"[A-Za-z][A-Za-z0-9_-]{0,127}",
        "a letter, then letters, digits, '_' and '-', at most 128",
        "Prefix of the names of functions, roles, tables and other resources.",
        unset="project, stack and component",
    )
    tags: Mapping[str, pulumi.Input[str]] = value_of_type(
        "dict[str, pulumi.Input[str]]",
        check_tags,
        "Tags of every resource that can carry them, beside Project, Stack and Component.",
        default={},
        unset="none",
    )
    cloud: Cloud = group(Cloud)

    @property
    def running_per_caller(self) -> int:
        """Maximum of downloads of one caller that run at once, at most half of the reserved workers; 0 is no limit."""
        if not self.copying.reserved_concurrency:
            return self.limits.max_downloads_per_caller
        return min(self.limits.max_downloads_per_caller, max(1, self.copying.reserved_concurrency // 2))

    def validated(self, path: str) -> Self:  # noqa: ARG002  (empty for the component)
        """Refuse settings of different groups that do not go together."""
        if self.api.web_page and self.auth.type not in (RestAuth.API_KEY, RestAuth.NONE):
            allowed = f"false with auth.type {self.auth.type}, for a page can send an API key and nothing else"
            raise InvalidSetting("api.web_page", True, allowed)
        if self.api.rest_api_id is not None and self.auth.type is RestAuth.API_KEY:
            allowed = "iam, authorizer or none with api.rest_api_id: the owner of its stage makes keys and usage plans"
            raise InvalidSetting("auth.type", self.auth.type.value, allowed)
        if self.api.domain_name and self.api.domain_name == self.websocket.domain_name:
            allowed = (
                "another domain than api.domain_name, for API Gateway maps REST and WebSocket APIs to domains apart"
            )
            raise InvalidSetting("websocket.domain_name", self.websocket.domain_name, allowed)
        reused = self.copying.reuse_seconds + self.retention.download_expires_seconds
        if self.copying.reuse_seconds and reused >= self.retention.object_seconds:
            allowed = f"less than the {self.retention.object_seconds} s of retention.object_expiration_days, or a "
            allowed += f"ticket for a reused copy outlives it, after the {self.retention.download_expires_seconds} s "
            allowed += "of retention.download_expires_seconds"
            raise InvalidSetting("copying.reuse_seconds", self.copying.reuse_seconds, allowed)
        check_secrets(self.origins)
        return replace(
            self,
            auth=self.auth.with_default_limits(self.api.throttle_rate, self.api.throttle_burst),
            observability=self.observability.without_rest_alarm()
            if self.api.rest_api_id is not None
            else self.observability,
        )


def resolve(name: str, args: object) -> Settings:
    """Check the arguments of the component called `name` and apply defaults.

    Raises:
        InvalidSetting: Names the first argument that is wrong or unknown.
    """
    for path, siblings in unknown_keys(Settings, checks.mapping("args", args), str):
        suggestion = nearest(path, [*siblings, *paths(Settings)])
        raise InvalidSetting(path, "set", f"there is no such setting; the nearest is {suggestion}")
    settings = resolve_group(Settings, "", args)
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return replace(
        settings,
        name_prefix=settings.name_prefix or default_prefix(project, stack, name),
        tags=default_tags(project, stack, name) | dict(settings.tags),
    )
