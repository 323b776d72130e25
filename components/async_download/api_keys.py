"""The settings of API keys for single callers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from async_download import checks
from async_download.args import ApiKey, RestAuth
from async_download.checks import InvalidSetting

NAME = r"[a-z][a-z0-9-]{0,31}"
LIMITS = {"rate": (1, 10_000), "burst": (1, 5_000), "requests_per_day": (0, 1_000_000_000)}  # lowest, highest
MAX_KEYS = 50  # a plan for each, and an account has 300 plans in a region


@dataclass(frozen=True)
class ResolvedApiKey:
    """The limits of a key's usage plan: requests a second, at once, and in a day, where 0 is any number."""

    rate: int
    burst: int
    requests_per_day: int = 0


def resolve(value: object, auth: RestAuth, *, rate: int, burst: int) -> dict[str, ResolvedApiKey]:
    """Check the keys; `rate` and `burst` are the stack's, for plans that name none."""
    keys = checks.mapping("api_keys", value or {})
    if keys and auth is not RestAuth.API_KEY:
        raise InvalidSetting("api_keys", "set", f"only with rest_auth api_key, and rest_auth is {auth.value}")
    if len(keys) > MAX_KEYS:
        raise InvalidSetting("api_keys", f"{len(keys)} keys", f"at most {MAX_KEYS}")
    defaults = {"rate": rate, "burst": burst, "requests_per_day": 0}
    return {name: _resolve(name, fields, defaults) for name, fields in keys.items()}


def _resolve(name: str, value: object, defaults: Mapping[str, int]) -> ResolvedApiKey:
    if not re.fullmatch(NAME, name):
        allowed = "names of a letter, then letters, digits and '-', all lower case and at most 32"
        raise InvalidSetting("api_keys", name, allowed)
    where = f"api_keys.{name}"
    fields = checks.mapping(where, value or {})
    checks.known_keys(fields, ApiKey.__annotations__, inside=where)
    limits = {
        field: checks.whole(f"{where}.{field}", fields.get(field), default, *LIMITS[field])
        for field, default in defaults.items()
    }
    return ResolvedApiKey(**limits)
