"""The bucket of the copies."""

from dataclasses import dataclass
from functools import partial

import pulumi

from async_download.settings import checks
from async_download.settings.setting import INPUT, Group, text, value_of_type

BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
ALLOWED = "the name of an existing bucket, 3 to 63 lower-case characters"


@dataclass(frozen=True)
class Storage(Group):
    """Bucket of the copies."""

    bucket: pulumi.Input[str] | None = value_of_type(
        INPUT,
        partial(checks.plain_or_computed, pattern=BUCKET, allowed=ALLOWED),
        "Name of an existing bucket in the stack's region. Its configuration stays its owner's.",
        unset="a new bucket",
    )
    prefix: str = text(
        "downloads/",
        r"(?=.{2,256}$)((?!\.{1,2}/)[A-Za-z0-9!_.'()-]+/)+",
        "folders of letters, digits and any of !_.'()-, none of them '.' or '..', that end with a slash, at most 256 "
        "characters",
        "Prefix of the keys of copies.",
    )
