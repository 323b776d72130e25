"""Arguments -> checked, complete settings. Everything that can be wrong is said here, before a resource exists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from async_download import api_keys, authorizers, checks, keys, network, origins, tags
from async_download.args import AsyncDownloadArgs, ExecutionType, RestAuth
from async_download.checks import InvalidSetting
from async_download.names import default_prefix

DAY_SECONDS = 86_400
NUMBERS = {  # setting: default, lowest, highest
    "object_expiry_days": (7, 1, 3650),
    "download_expires_seconds": (DAY_SECONDS, 300, 30 * DAY_SECONDS),
    "url_expires_seconds": (900, 60, 900),
    "max_connections": (10, 1, 100),
    "max_downloads_per_caller": (100, 0, 500),  # their ids are one item, which each of them writes twice
    "daily_mb_per_caller": (0, 0, 1_000_000_000),
    "close_idle_seconds": (120, 0, 240),
    "throttle_rate": (50, 1, 10_000),
    "throttle_burst": (100, 1, 5_000),
    "log_retention_days": (30, 1, 3653),
    "request_concurrency": (0, 0, 10_000),
    "connect_concurrency": (0, 0, 10_000),
    "copy_memory_mb": (1024, 256, 10_240),
    "copy_concurrency": (8, 1, 1_000),
    "copy_reserved_concurrency": (0, 0, 10_000),
    "slice_reserved_concurrency": (0, 0, 10_000),
    "fan_out_mb": (256, 0, 60_000),
    "max_file_mb": (1_000_000, 1, 53_000_000),
    "reuse_seconds": (0, 0, 30 * DAY_SECONDS),
}
LEAST_IDLE_SECONDS = 10  # a younger socket cannot be told from one whose handshake lasts
LEAST_FAN_OUT_MB = 64  # below it a second worker costs more than it saves
LEAST_REUSE_SECONDS = 60
FLAGS = {
    "web_page": False,
    "tls_only": True,
    "point_in_time_recovery": False,
    "access_logs": False,
    "manage_api_gateway_account": False,
    "tracing": True,
    "force_destroy": False,
    "protect": False,
    "retain_data": False,
    "loopback_origins": False,
}
TEXTS = {  # setting: default, pattern, what is allowed
    "object_prefix": (
        "downloads/",
        r"(?=.{2,256}$)([A-Za-z0-9!_.'()-]+/)+",
        "folders of letters, digits and any of !_.'()- that end with a slash, at most 256 characters",
    ),
    "stage_name": ("v1", r"[A-Za-z0-9_-]{1,64}", "letters, digits, '_' and '-', at most 64"),
    "name_prefix": ("", r"[A-Za-z][A-Za-z0-9_-]{0,127}", "a letter, then letters, digits, '_' and '-', at most 128"),
    "execute_api_url": ("", r"https?://[^/?#\s@]+(/[^?#\s]*)?", "an http or https URL"),
}
PAGE = r"\*|https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?"
MAX_PAGES_BYTES = 800  # a function's environment holds 4 KB in all
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


PLACES = {  # argument: group and attribute of the settings
    "bucket": "storage.bucket",
    "object_prefix": "storage.prefix",
    "object_expiry_days": "retention.object_expiration_days",
    "download_expires_seconds": "retention.download_expires_seconds",
    "url_expires_seconds": "retention.url_expires_seconds",
    "max_connections": "websocket.max_connections_per_download",
    "max_downloads_per_caller": "limits.max_downloads_per_caller",
    "daily_mb_per_caller": "limits.daily_mb_per_caller",
    "close_idle_seconds": "websocket.idle_timeout_seconds",
    "rest_auth": "auth.type",
    "authorizer": "auth.authorizer",
    "api_keys": "auth.api_keys",
    "cors_origins": "api.cors_origins",
    "web_page": "api.web_page",
    "stage_name": "api.stage_name",
    "throttle_rate": "api.throttle_rate",
    "throttle_burst": "api.throttle_burst",
    "kms_key_arn": "encryption.kms_key_arn",
    "tls_only": "encryption.tls_only",
    "point_in_time_recovery": "protection.point_in_time_recovery",
    "access_logs": "observability.access_logs",
    "manage_api_gateway_account": "observability.manage_api_gateway_account",
    "tracing": "observability.tracing",
    "log_retention_days": "observability.log_retention_days",
    "request_concurrency": "api.reserved_concurrency",
    "connect_concurrency": "websocket.reserved_concurrency",
    "copy_memory_mb": "copying.memory_mb",
    "copy_concurrency": "copying.concurrency",
    "copy_reserved_concurrency": "copying.reserved_concurrency",
    "slice_reserved_concurrency": "copying.slice_reserved_concurrency",
    "slice_execution_type": "cloud.slice_execution_type",
    "fan_out_mb": "copying.slice_threshold_mb",
    "max_file_mb": "limits.max_file_mb",
    "reuse_seconds": "copying.reuse_seconds",
    "force_destroy": "protection.force_destroy",
    "protect": "protection.protect",
    "retain_data": "protection.retain_on_delete",
    "execute_api_url": "cloud.execute_api_url",
    "loopback_origins": "cloud.loopback_origins",
}


@dataclass(frozen=True)
class Storage:
    """Where copies are stored."""

    bucket: pulumi.Input[str] | None
    prefix: str


@dataclass(frozen=True)
class Retention:
    """How long copies, downloads and URLs last."""

    object_expiration_days: int
    download_expires_seconds: int
    url_expires_seconds: int


@dataclass(frozen=True)
class Auth:
    """Authorization of REST calls."""

    type: RestAuth
    authorizer: authorizers.ResolvedAuthorizer | None
    api_keys: Mapping[str, api_keys.ResolvedApiKey]


@dataclass(frozen=True)
class Api:
    """Stage, throttling and CORS of the APIs."""

    cors_origins: tuple[str, ...]
    web_page: bool
    stage_name: str
    throttle_rate: int
    throttle_burst: int
    reserved_concurrency: int


@dataclass(frozen=True)
class WebSocket:
    """Connections of clients."""

    max_connections_per_download: int
    idle_timeout_seconds: int
    reserved_concurrency: int


@dataclass(frozen=True)
class Limits:
    """What one caller and one file may use."""

    max_file_mb: int
    max_downloads_per_caller: int
    daily_mb_per_caller: int


@dataclass(frozen=True)
class Copying:
    """The functions that copy files."""

    memory_mb: int
    concurrency: int
    reserved_concurrency: int
    slice_reserved_concurrency: int
    slice_threshold_mb: int
    reuse_seconds: int


@dataclass(frozen=True)
class Observability:
    """Logs and traces."""

    tracing: bool
    access_logs: bool
    log_retention_days: int
    manage_api_gateway_account: bool


@dataclass(frozen=True)
class Encryption:
    """Encryption at rest and in transit."""

    kms_key_arn: pulumi.Input[str] | None
    tls_only: bool


@dataclass(frozen=True)
class Protection:
    """Protection of data against deletion."""

    protect: bool
    retain_on_delete: bool
    force_destroy: bool
    point_in_time_recovery: bool


@dataclass(frozen=True)
class Cloud:
    """Differences of a cloud that is not AWS."""

    execute_api_url: str
    loopback_origins: bool
    slice_execution_type: ExecutionType


@dataclass(frozen=True)
class Settings:
    """Checked settings of the component, with defaults applied."""

    origins: Mapping[str, origins.ResolvedOrigin]
    storage: Storage
    retention: Retention
    auth: Auth
    api: Api
    websocket: WebSocket
    limits: Limits
    copying: Copying
    vpc: network.Network
    observability: Observability
    encryption: Encryption
    protection: Protection
    name_prefix: str
    tags: Mapping[str, pulumi.Input[str]]
    cloud: Cloud

    @property
    def running_per_caller(self) -> int:
        """Downloads of one caller that run at once, at most half of the workers where these are capped; 0 is any."""
        if not self.copying.reserved_concurrency:
            return self.limits.max_downloads_per_caller
        return min(self.limits.max_downloads_per_caller, max(1, self.copying.reserved_concurrency // 2))


GROUPS: dict[str, Any] = {
    "storage": Storage,
    "retention": Retention,
    "auth": Auth,
    "api": Api,
    "websocket": WebSocket,
    "limits": Limits,
    "copying": Copying,
    "observability": Observability,
    "encryption": Encryption,
    "protection": Protection,
    "cloud": Cloud,
}


def resolve(name: str, args: AsyncDownloadArgs) -> Settings:
    """Check the arguments of the component called `name`."""
    given = checks.mapping("args", args)
    checks.known_keys(given, AsyncDownloadArgs.__annotations__)
    if given.get("origins") is None:
        raise InvalidSetting("origins", None, "at least one origin, by name")
    plain: dict[str, Any] = {
        **{setting: checks.whole(setting, given.get(setting), *limits) for setting, limits in NUMBERS.items()},
        **{setting: checks.flag(setting, given.get(setting), default) for setting, default in FLAGS.items()},
        **{setting: _text(setting, given.get(setting)) for setting in TEXTS},
    }
    project, stack = pulumi.get_project(), pulumi.get_stack()
    plain["name_prefix"] = plain["name_prefix"] or default_prefix(project, stack, name)
    auth = checks.choice("rest_auth", given.get("rest_auth"), RestAuth.IAM)
    children = checks.choice("slice_execution_type", given.get("slice_execution_type"), ExecutionType.EXPRESS)
    plain |= {
        "bucket": _bucket(given.get("bucket")),
        "kms_key_arn": _key(given.get("kms_key_arn")),
        "rest_auth": auth,
        "slice_execution_type": children,
        "authorizer": authorizers.resolve(given.get("authorizer"), auth),
        "api_keys": api_keys.resolve(
            given.get("api_keys"), auth, rate=plain["throttle_rate"], burst=plain["throttle_burst"]
        ),
        "cors_origins": _pages(given.get("cors_origins")),
    }
    groups: dict[str, dict[str, Any]] = {}
    for setting, value in plain.items():
        if setting in PLACES:
            group, attribute = PLACES[setting].split(".")
            groups.setdefault(group, {})[attribute] = value
    settings = Settings(
        origins=origins.resolve(given["origins"]),
        vpc=network.resolve(given.get("vpc_subnet_ids"), given.get("vpc_security_group_ids")),
        name_prefix=plain["name_prefix"],
        tags=tags.own(project, stack, name) | tags.given(given.get("tags")),
        **{group: GROUPS[group](**values) for group, values in groups.items()},
    )
    _agree(settings)
    return settings


def _agree(settings: Settings) -> None:
    """Settings that are fine alone and wrong together."""
    if settings.api.web_page and settings.auth.type not in (RestAuth.API_KEY, RestAuth.NONE):
        allowed = f"false with rest_auth {settings.auth.type}, for a page can send an API key and nothing else"
        raise InvalidSetting("web_page", True, allowed)
    if settings.observability.log_retention_days not in RETENTIONS:
        raise InvalidSetting(
            "log_retention_days", settings.observability.log_retention_days, f"one of {', '.join(map(str, RETENTIONS))}"
        )
    if settings.limits.daily_mb_per_caller and not settings.limits.max_downloads_per_caller:
        allowed = "0 with max_downloads_per_caller 0, for the downloads that run are what is counted"
        raise InvalidSetting("daily_mb_per_caller", settings.limits.daily_mb_per_caller, allowed)
    if settings.protection.force_destroy and (settings.protection.protect or settings.protection.retain_on_delete):
        raise InvalidSetting("force_destroy", True, "false beside protect or retain_data, which keep what it deletes")
    if 0 < settings.copying.slice_threshold_mb < LEAST_FAN_OUT_MB:
        raise InvalidSetting(
            "fan_out_mb", settings.copying.slice_threshold_mb, f"0 for never, or {LEAST_FAN_OUT_MB} or more"
        )
    if 0 < settings.copying.slice_reserved_concurrency < settings.copying.concurrency:
        allowed = f"0 for none, or the {settings.copying.concurrency} of copy_concurrency or more"
        raise InvalidSetting("slice_reserved_concurrency", settings.copying.slice_reserved_concurrency, allowed)
    if 0 < settings.copying.reuse_seconds < LEAST_REUSE_SECONDS:
        raise InvalidSetting(
            "reuse_seconds", settings.copying.reuse_seconds, f"0 for never, or {LEAST_REUSE_SECONDS} or more"
        )
    if 0 < settings.websocket.idle_timeout_seconds < LEAST_IDLE_SECONDS:
        allowed = f"0 for never, or {LEAST_IDLE_SECONDS} or more"
        raise InvalidSetting("close_idle_seconds", settings.websocket.idle_timeout_seconds, allowed)
    life = settings.retention.object_expiration_days * DAY_SECONDS
    if settings.retention.download_expires_seconds >= life:
        allowed = f"less than the {life} s of object_expiry_days, or a ticket outlives its file"
        raise InvalidSetting("download_expires_seconds", settings.retention.download_expires_seconds, allowed)
    if settings.copying.reuse_seconds + settings.retention.download_expires_seconds >= life:
        allowed = f"less than the {life} s of object_expiry_days, or a ticket for a reused copy outlives it"
        allowed += f", after the {settings.retention.download_expires_seconds} s of download_expires_seconds"
        raise InvalidSetting("reuse_seconds", settings.copying.reuse_seconds, allowed)


def _text(setting: str, value: object) -> str:
    default, pattern, allowed = TEXTS[setting]
    if value is None:
        return default
    return checks.text(setting, value, pattern, allowed).rstrip("/" if setting == "execute_api_url" else "")


def _bucket(value: object) -> pulumi.Input[str] | None:
    if value is None or isinstance(value, pulumi.Output):
        return value
    return checks.text("bucket", value, BUCKET, "the name of an existing bucket, 3 to 63 lower-case characters")


def _key(value: object) -> pulumi.Input[str] | None:
    allowed = "the ARN of a KMS key, arn:aws:kms:{region}:{account}:key/{id}; not of an alias"
    if value is None:
        return None
    return checks.once_known(value, lambda arn: checks.text("kms_key_arn", arn, keys.KEY_ARN, allowed))


def _pages(value: object) -> tuple[str, ...]:
    allowed = (
        "a list of origins such as https://app.example.com, without a path and without a slash at the end, or of *"
    )
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InvalidSetting("cors_origins", value, allowed)
    pages = tuple(checks.text("cors_origins", page, PAGE, allowed) for page in value)
    if "*" in pages and len(pages) > 1:
        raise InvalidSetting("cors_origins", list(pages), "* alone: it is every origin")
    if len(json.dumps(pages)) > MAX_PAGES_BYTES:
        raise InvalidSetting("cors_origins", f"{len(pages)} origins", f"at most {MAX_PAGES_BYTES} bytes of JSON")
    return pages
