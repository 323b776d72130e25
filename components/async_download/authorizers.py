"""Who decides about callers, when neither IAM nor a key does: what is checked before a deployment relies on it."""

from dataclasses import dataclass

import pulumi

from async_download import checks
from async_download.args import Authorizer, AuthorizerKind, RestAuth
from async_download.checks import InvalidSetting

HEADER = r"[A-Za-z0-9_.-]{1,128}"  # what API Gateway can refer to
FUNCTION_ARN = r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?"
USER_POOL_ARN = r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[a-z0-9-]+_[A-Za-z0-9]+"
SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,256}"
LONGEST_CACHE_SECONDS = 3600


@dataclass(frozen=True)
class ResolvedAuthorizer:
    """An authorizer whose settings agree; `function_arn` is None where Cognito decides."""

    function_arn: pulumi.Input[str] | None
    kind: AuthorizerKind
    user_pool_arns: tuple[pulumi.Input[str], ...]
    scopes: tuple[str, ...]
    header: str
    cache_seconds: int

    @property
    def authorization(self) -> str:
        """What a method says of it."""
        return "CUSTOM" if self.function_arn is not None else "COGNITO_USER_POOLS"

    @property
    def type(self) -> str:
        """What the resource says of itself."""
        return self.kind.value.upper() if self.function_arn is not None else "COGNITO_USER_POOLS"

    @property
    def plain(self) -> tuple[object, ...]:
        """What of it is known before a deployment."""
        return self.type, self.scopes, self.header, self.cache_seconds


def resolve(given: object, auth: RestAuth) -> ResolvedAuthorizer | None:
    """Check the authorizer of a stack that has one."""
    if auth is not RestAuth.AUTHORIZER:
        if given:
            raise InvalidSetting("authorizer", "set", f"only with rest_auth authorizer, and rest_auth is {auth.value}")
        return None
    values = checks.mapping("authorizer", given or {})
    checks.known_keys(values, Authorizer.__annotations__, inside="authorizer")
    function, pools = values.get("function_arn"), values.get("user_pool_arns")
    by_function, by_pools = _is_given(function), _is_given(pools)
    if by_function == by_pools:
        seen = "both" if by_function else "neither"
        raise InvalidSetting("authorizer", f"{seen} of function_arn and user_pool_arns", "one of the two")
    if values.get("kind") and not by_function:
        raise InvalidSetting("authorizer.kind", values["kind"], "only with function_arn")
    if values.get("scopes") and not by_pools:
        raise InvalidSetting("authorizer.scopes", values["scopes"], "only with user_pool_arns")
    return ResolvedAuthorizer(
        function_arn=checks.once_known(function, _function) if by_function else None,
        kind=_kind(values.get("kind")),
        user_pool_arns=tuple(checks.once_known(pool, _pool) for pool in _list("user_pool_arns", pools)),
        scopes=tuple(_scope(scope) for scope in _list("scopes", values.get("scopes"))),
        header=_header(values.get("header")),
        cache_seconds=checks.whole(
            "authorizer.cache_seconds", values.get("cache_seconds"), 0, 0, LONGEST_CACHE_SECONDS
        ),
    )


def invoke_arn(function: str) -> str:
    """How API Gateway addresses a function."""
    _, partition, _, region, *_ = function.split(":")
    return f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"


def split(function: str) -> tuple[str, str | None]:
    """A function's ARN without its version or alias, and that."""
    parts = function.split(":")
    return ":".join(parts[:7]), parts[7] if len(parts) > 7 else None


def _is_given(value: object) -> bool:
    """A computed value is one, whatever it will be."""
    return isinstance(value, pulumi.Output) or bool(value)


def _function(value: object) -> str:
    allowed = "the ARN of a Lambda function, with or without its version or alias"
    return checks.text("authorizer.function_arn", value, FUNCTION_ARN, allowed)


def _pool(value: object) -> str:
    return checks.text("authorizer.user_pool_arns", value, USER_POOL_ARN, "a list of ARNs of Cognito user pools")


def _scope(value: object) -> str:
    return checks.text("authorizer.scopes", value, SCOPE, "a list of OAuth scopes, such as files/read")


def _header(value: object) -> str:
    return checks.text("authorizer.header", value or "Authorization", HEADER, "the name of a request header")


def _kind(value: object) -> AuthorizerKind:
    try:
        return AuthorizerKind(str(value or AuthorizerKind.TOKEN.value))
    except ValueError:
        raise InvalidSetting("authorizer.kind", value, f"one of {', '.join(AuthorizerKind)}") from None


def _list(field: str, given: object) -> list[object]:
    if given is None:
        return []
    if not isinstance(given, list | tuple):
        raise InvalidSetting(f"authorizer.{field}", given, "a list")
    return list(given)
