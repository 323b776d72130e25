"""The REST API, and what it shares with the WebSocket API."""

import json
from dataclasses import dataclass
from typing import Self

import pulumi

from async_download.settings import checks
from async_download.settings.checks import InvalidSetting
from async_download.settings.domain import certificate_arn, domain_name, require_both
from async_download.settings.setting import Group, computed_text, flag, items, number, text

ORIGIN = r"\*|https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?"
ORIGINS = "a list of origins such as https://app.example.com, without a path and without a slash at the end, or of *"
REST_ID = r"[a-z0-9]{4,64}"
WEB_ACL_ARN = r"arn:[a-z-]+:wafv2:[a-z0-9-]+:\d{12}:regional/webacl/[\w-]{1,128}/[A-Za-z0-9-]{1,36}"
MAX_CORS_BYTES = 800  # a function's environment holds 4 KB in all


def _cors_origin(path: str, value: object) -> str:
    return checks.text(path, value, pattern=ORIGIN, allowed=ORIGINS)


@dataclass(frozen=True)
class Api(Group):
    """Stage and throttling of both APIs, and web pages that call the REST API."""

    stage_name: str = text(
        "v1",
        r"[A-Za-z0-9_-]{1,64}",
        "letters, digits, '_' and '-', at most 64",
        "Stage of both APIs, the last part of their URLs.",
    )
    throttle_rate: int = number(50, 1, 10_000, "Requests a second that each API accepts.")
    throttle_burst: int = number(100, 1, 5_000, "Requests at once that each API accepts.")
    cors_origins: tuple[str, ...] = items(
        _cors_origin,
        ORIGINS,
        "Origins of web pages that may call the API, such as https://app.example.com, or `*`.",
        unset="none",
    )
    web_page: bool = flag(
        False, "Whether the REST API also serves the web page; only with `auth.type` `api_key` or `none`."
    )
    reserved_concurrency: int = number(
        0, 1, 10_000, "Reserved concurrency of the function that accepts requests for downloads.", zero="none"
    )

    rest_api_id: pulumi.Input[str] | None = computed_text(
        REST_ID,
        "the id of a REST API, such as a1b2c3d4e5",
        "Id of an existing REST API to which the routes are added. Its deployment and stage stay its owner's.",
        unset="a new API",
    )
    root_resource_id: pulumi.Input[str] | None = computed_text(
        REST_ID,
        "the id of a resource of the REST API, such as a1b2c3",
        "Id of the resource of that API under which the routes are added.",
        unset="none",
    )
    domain_name: str = domain_name("Custom domain of the REST API, which replaces host and stage in its URLs.")
    certificate_arn: pulumi.Input[str] | None = certificate_arn()
    disable_execute_api_endpoint: bool = flag(
        False, "Whether the REST API answers at its custom domain only, and no longer at `execute-api`."
    )
    web_acl_arn: pulumi.Input[str] | None = computed_text(
        WEB_ACL_ARN,
        "the ARN of a regional web ACL, arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/{id}",
        "ARN of the web ACL of AWS WAF that filters REST requests, in the stack's account and region.",
        unset="none",
    )

    def validated(self, path: str) -> Self:
        """Refuse half an API or domain, what an API's owner sets, and origins of web pages that do not go together."""
        self._check_existing(path)
        require_both(path, self.domain_name, self.certificate_arn)
        if self.disable_execute_api_endpoint and not self.domain_name:
            allowed = f"false without {path}.domain_name, or the API has no URL"
            raise InvalidSetting(f"{path}.disable_execute_api_endpoint", True, allowed)
        where = f"{path}.cors_origins"
        if "*" in self.cors_origins and len(self.cors_origins) > 1:
            raise InvalidSetting(where, list(self.cors_origins), "* alone: it is every origin")
        if len(json.dumps(self.cors_origins)) > MAX_CORS_BYTES:
            allowed = f"at most {MAX_CORS_BYTES} bytes of JSON"
            raise InvalidSetting(where, f"{len(self.cors_origins)} origins", allowed)
        return self

    def _check_existing(self, path: str) -> None:
        """Refuse half an existing API, and what belongs to the owner of its stage."""
        if (self.rest_api_id is None) != (self.root_resource_id is None):
            names = ("rest_api_id", "root_resource_id")
            missing, other = names if self.rest_api_id is None else names[::-1]
            raise InvalidSetting(f"{path}.{missing}", "not set", f"required, since {path}.{other} is set")
        owned = {
            "certificate_arn": self.certificate_arn,
            "disable_execute_api_endpoint": self.disable_execute_api_endpoint or None,
            "domain_name": self.domain_name or None,
            "web_acl_arn": self.web_acl_arn,
        }
        for name, value in owned.items():
            if self.rest_api_id is not None and value is not None:
                allowed = f"not with {path}.rest_api_id, for the existing API and its stage belong to their owner"
                raise InvalidSetting(f"{path}.{name}", "set", allowed)
