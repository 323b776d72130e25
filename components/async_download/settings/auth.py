"""Authorization of REST calls."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import pulumi

from async_download.settings import checks
from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import (
    INPUT,
    Group,
    choice,
    computed_text,
    items,
    number,
    objects,
    optional_number,
    optional_object,
    text,
    value_of_type,
)

KEY_NAME = r"[a-z][a-z0-9-]{0,31}"
MAX_KEYS = 50  # each has a usage plan, and an account has 300 plans in a region
FUNCTION_ARN = r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?"
USER_POOL_ARN = r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[a-z0-9-]+_[A-Za-z0-9]+"
USER_POOLS = "a list of ARNs of Cognito user pools"
SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,256}"
SCOPES = "a list of OAuth scopes, such as files/read"


class RestAuth(enum.StrEnum):
    """Authorization of REST calls."""

    IAM = "iam"
    """Callers sign with AWS credentials (SigV4) and need `execute-api:Invoke`."""

    API_KEY = "api_key"
    """Callers send the header `x-api-key`; the component makes a key and its usage plan."""

    AUTHORIZER = "authorizer"
    """Callers send a token for `authorizer`: a Lambda function of yours, or Cognito."""

    NONE = "none"
    """Anybody may request any file of the configured origins. The deployment prints a warning."""


class AuthorizerKind(enum.StrEnum):
    """Input of a Lambda authorizer."""

    TOKEN = "token"  # noqa: S105  (AWS's name of the kind)
    """The value of one header."""

    REQUEST = "request"
    """Method, path, headers and query string."""


@dataclass(frozen=True)
class Authorizer(Group):
    """Authorizer of REST calls: a Lambda function, or Cognito user pools."""

    function_arn: pulumi.Input[str] | None = computed_text(
        FUNCTION_ARN,
        "the ARN of a Lambda function, with or without its version or alias",
        "ARN of the Lambda function, in the stack's own account and region.",
        unset="none",
    )
    kind: AuthorizerKind | None = value_of_type(
        "AuthorizerKind",
        partial(checks.choice, kind=AuthorizerKind),
        "Input of the Lambda function: `token` or `request`.",
        unset="`token`",
    )
    user_pool_arns: tuple[pulumi.Input[str], ...] = items(
        partial(checks.computed_text, pattern=USER_POOL_ARN, allowed=USER_POOLS),
        USER_POOLS,
        "ARNs of the Cognito user pools whose tokens are accepted.",
        unset="none",
        item_type=INPUT,
    )
    scopes: tuple[str, ...] = items(
        partial(checks.text, pattern=SCOPE, allowed=SCOPES),
        SCOPES,
        "OAuth scopes, one of which an access token of Cognito needs.",
        unset="none, for identity tokens",
    )
    header: str = text(
        "Authorization",
        r"[A-Za-z0-9_.-]{1,128}",  # what API Gateway can refer to
        "the name of a request header",
        "Request header that carries the token.",
    )
    cache_seconds: int = number(
        0, 1, 3600, "Seconds for which a decision is reused for the same header.", zero="no cache"
    )

    @property
    def authorization(self) -> str:
        """Authorization type of the methods."""
        return "CUSTOM" if self.function_arn is not None else "COGNITO_USER_POOLS"

    @property
    def type(self) -> str:
        """Type of the authorizer resource."""
        kind = self.kind or AuthorizerKind.TOKEN
        return kind.value.upper() if self.function_arn is not None else "COGNITO_USER_POOLS"

    @property
    def plain(self) -> tuple[object, ...]:
        """Values that are known before a deployment."""
        return self.type, self.scopes, self.header, self.cache_seconds

    def validated(self, path: str) -> Self:
        """Refuse a function beside user pools, neither of both, and settings of the other one."""
        if (self.function_arn is not None) == bool(self.user_pool_arns):
            which = "both" if self.user_pool_arns else "neither"
            raise InvalidSetting(path, f"{which} of function_arn and user_pool_arns", "one of the two")
        if self.kind and self.function_arn is None:
            raise InvalidSetting(f"{path}.kind", self.kind.value, "only with function_arn")
        if self.scopes and not self.user_pool_arns:
            raise InvalidSetting(f"{path}.scopes", list(self.scopes), "only with user_pool_arns")
        return self


@dataclass(frozen=True)
class ApiKey(Group):
    """An API key for one caller, with a usage plan of its own."""

    rate: int | None = optional_number("`api.throttleRate`", 1, 10_000, "Requests a second.")
    burst: int | None = optional_number("`api.throttleBurst`", 1, 5_000, "Requests at once.")
    requests_per_day: int = number(0, 1, 1_000_000_000, "Requests in a day (UTC).", zero="no limit")


def _check_key_names(path: str, keys: Mapping[str, object]) -> None:
    """Refuse names that no API key can have, and too many of them."""
    if len(keys) > MAX_KEYS:
        raise InvalidSetting(path, f"{len(keys)} keys", f"at most {MAX_KEYS}")
    for name in keys:
        if not re.fullmatch(KEY_NAME, name):
            allowed = "names of a letter, then letters, digits and '-', all lower case and at most 32"
            raise InvalidSetting(path, name, allowed)


@dataclass(frozen=True)
class Auth(Group):
    """Authorization of REST calls."""

    type: RestAuth = choice(RestAuth.IAM, "Authorization of callers of the REST API.")
    authorizer: Authorizer | None = optional_object(
        Authorizer, "The Lambda function or the Cognito user pools with `type` `authorizer`.", unset="none"
    )
    api_keys: Mapping[str, ApiKey] = objects(
        ApiKey, _check_key_names, "Further keys with `type` `api_key`, by name.", required=False
    )

    def validated(self, path: str) -> Self:
        """Refuse settings of another type of authorization."""
        if self.type is RestAuth.AUTHORIZER and self.authorizer is None:
            raise InvalidSetting(f"{path}.authorizer", "neither of function_arn and user_pool_arns", "one of the two")
        if self.type is not RestAuth.AUTHORIZER and self.authorizer is not None:
            allowed = f"only with {path}.type authorizer, and {path}.type is {self.type.value}"
            raise InvalidSetting(f"{path}.authorizer", "set", allowed)
        if self.type is not RestAuth.API_KEY and self.api_keys:
            allowed = f"only with {path}.type api_key, and {path}.type is {self.type.value}"
            raise InvalidSetting(f"{path}.api_keys", "set", allowed)
        return self

    def with_default_limits(self, rate: int, burst: int) -> Self:
        """Return the settings with the limits of the API for keys that have none of their own."""
        keys = {
            name: replace(key, rate=key.rate or rate, burst=key.burst or burst) for name, key in self.api_keys.items()
        }
        return replace(self, api_keys=keys)
