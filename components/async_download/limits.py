"""Checks of totals that AWS limits: the environment of a function, and the policy of a role."""

import json
from collections.abc import Mapping, Sequence

from async_download.settings.checks import InvalidSetting
from async_download.statements import Statement

ENVIRONMENT_BYTES = 4096
ROLE_POLICY_CHARACTERS = 10_240
ORIGIN_SECRETS_CHARACTERS = 6_700  # the other statements of a role that copies take the rest at most
SETTINGS = {  # variable -> the setting that makes it long
    "API_URL": "cloud.execute_api_url",
    "BUCKET": "storage.bucket",
    "CORS_ORIGINS": "api.cors_origins",
    "MANAGEMENT_URL": "cloud.execute_api_url",
    "OBJECT_PREFIX": "storage.prefix",
    "SIGNER_ROLE_ARN": "protection.role_path",
    "WEB_SOCKET_URL": "cloud.execute_api_url",
}


def environment_size(variables: Mapping[str, str]) -> int:
    """Return the bytes that Lambda counts: all variables as one JSON object, quotes and backslashes escaped.

    A character outside of ASCII is counted by its escape, which is longer than its UTF-8.
    """
    return len(json.dumps(dict(variables), separators=(",", ":")))


def check_environment(function: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a function if they fit into Lambda.

    Raises:
        InvalidSetting: names the function, the size, and the setting behind the longest variable.
    """
    size = environment_size(variables)
    if size > ENVIRONMENT_BYTES:
        longest = max(variables, key=lambda name: environment_size({name: variables[name]}))
        raise InvalidSetting(
            SETTINGS.get(longest, "name_prefix"),
            f"{environment_size({longest: variables[longest]})} bytes of the environment of {function}",
            f"shorten it, for Lambda takes {ENVIRONMENT_BYTES} bytes of environment as JSON, and this one has {size}",
        )
    return dict(variables)


def policy_size(statements: Sequence[Statement]) -> int:
    """Return the characters of statements that IAM counts: all but white space."""
    return len("".join(json.dumps(list(statements)).split()))
