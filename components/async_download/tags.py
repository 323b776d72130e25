"""Tags: the component's own, and those that a stack adds."""

import re

import pulumi

from async_download import checks
from async_download.checks import InvalidSetting

TAG_KEY = r"(?![aA][wW][sS]:)[A-Za-z0-9 _.:/=+@-]{1,128}"
TAG_VALUE = r"[A-Za-z0-9 _.:/=+@-]{0,256}"
MAX_TAGS = 40


def own(project: str, stack: str, component: str) -> dict[str, pulumi.Input[str]]:
    """Where a resource belongs, in characters that every service accepts."""
    own = {"Project": project, "Stack": stack, "Component": component}
    return {key: re.sub(r"[^A-Za-z0-9 _.:/=+@-]", "-", value)[:256] for key, value in own.items()}


def given(value: object) -> dict[str, pulumi.Input[str]]:
    """The stack's tags, checked."""
    tags: dict[str, pulumi.Input[str]] = {}
    for key, tag in checks.mapping("tags", value or {}).items():
        checks.text(
            "tags",
            key,
            TAG_KEY,
            "keys of up to 128 letters, digits, spaces and any of _.:/=+@- that do not begin with aws:",
        )
        known = (
            tag
            if isinstance(tag, pulumi.Output)
            else checks.text(f"tags.{key}", tag, TAG_VALUE, "up to 256 such characters")
        )
        tags[key] = known
    if len(tags) > MAX_TAGS:
        raise InvalidSetting("tags", f"{len(tags)} tags", f"at most {MAX_TAGS}")
    return tags
