"""Protection of data against deletion, and of the account against the stack's roles."""

from dataclasses import dataclass
from typing import Self

import pulumi

from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import Group, computed_text, flag, text

NO_PATH = "/"
POLICY_ARN = r"arn:[a-z-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]{1,640}"
PATH = r"/(?!aws-)(?=.{0,255}$)([\w+=,.@-]+/)*"  # longer ones would not fit into the trust policy of the signer


@dataclass(frozen=True)
class Protection(Group):
    """Protection of data against deletion, and limits of the stack's roles."""

    protect: bool = flag(
        False, "Whether bucket, tables and APIs can be deleted or replaced only after this is false again."
    )
    retain_on_delete: bool = flag(False, "Whether bucket and tables stay when the stack is destroyed.")
    force_destroy: bool = flag(False, "Whether destroying the stack also deletes the copies in its bucket.")
    point_in_time_recovery: bool = flag(False, "Whether the tables can be restored to any second of the last 35 days.")
    permissions_boundary_arn: pulumi.Input[str] | None = computed_text(
        POLICY_ARN,
        "the ARN of an IAM policy, arn:aws:iam::{account}:policy/{name}",
        "ARN of the IAM policy that is the permissions boundary of every role.",
        unset="no boundary",
    )
    role_path: str = text(
        NO_PATH,
        PATH,
        "folders of letters, digits and any of _+=,.@-, with a slash before, between and after them, at most 256 "
        "characters; not those of AWS, which begin with /aws-",
        "IAM path of every role. A change replaces the roles.",
    )

    def validated(self, path: str) -> Self:
        """Refuse to delete what another setting keeps."""
        if self.force_destroy and (self.protect or self.retain_on_delete):
            allowed = "false with protect or retain_on_delete, which keep what it deletes"
            raise InvalidSetting(f"{path}.force_destroy", True, allowed)
        return self
