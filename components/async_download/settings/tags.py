"""Tags of the component, and those that a stack adds."""

import re

import pulumi

from async_download.settings import checks
from async_download.settings.checks import InvalidSetting

TAG_KEY = r"(?![aA][wW][sS]:)[A-Za-z0-9 _.:/=+@-]{1,128}"
TAG_VALUE = r"[A-Za-z0-9 _.:/=+@-]{0,256}"
MAX_TAGS = 40


def default_tags(project: str, stack: str, component: str) -> dict[str, pulumi.Input[str]]:
    """Return the tags of project, stack and component, in characters that every service accepts."""
    tags = {"Project": project, "Stack": stack, "Component": component}
    return {key: re.sub(r"[^A-Za-z0-9 _.:/=+@-]", "-", value)[:256] for key, value in tags.items()}


def check_tags(path: str, value: object) -> dict[str, pulumi.Input[str]]:
    """Return the stack's tags if AWS accepts them."""
    keys = "keys of up to 128 letters, digits, spaces and any of _.:/=+@- that do not begin with aws:"
    values = "up to 256 such characters"
    tags = checks.mapping(path, value)
    for key in tags:
        checks.text(path, key, pattern=TAG_KEY, allowed=keys)
    if len(tags) > MAX_TAGS:
        raise InvalidSetting(path, f"{len(tags)} tags", f"at most {MAX_TAGS}")
    return {
        key: checks.plain_or_computed(f"{path}.{key}", tag, pattern=TAG_VALUE, allowed=values)
        for key, tag in tags.items()
    }
