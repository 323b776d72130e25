"""The VPC of the copying functions, through which they reach private origins."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import pulumi

from async_download.settings import checks
from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import INPUT, Group, items

SUBNET, MAX_SUBNETS = r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", 16
SECURITY_GROUP, MAX_SECURITY_GROUPS = r"sg-([0-9a-f]{8}|[0-9a-f]{17})", 5
SUBNETS = f"a list of at most {MAX_SUBNETS} ids that match {SUBNET}"
SECURITY_GROUPS = f"a list of at most {MAX_SECURITY_GROUPS} ids that match {SECURITY_GROUP}"


@dataclass(frozen=True)
class Vpc(Group):
    """Subnets and security groups of the copying functions, for private origins."""

    subnet_ids: tuple[pulumi.Input[str], ...] = items(
        partial(checks.plain_or_computed, pattern=SUBNET, allowed=SUBNETS),
        SUBNETS,
        "Subnets that files are copied from.",
        unset="no VPC",
        item_type=INPUT,
    )
    security_group_ids: tuple[pulumi.Input[str], ...] = items(
        partial(checks.plain_or_computed, pattern=SECURITY_GROUP, allowed=SECURITY_GROUPS),
        SECURITY_GROUPS,
        "Security groups of the copying functions.",
        unset="no VPC",
        item_type=INPUT,
    )

    def __bool__(self) -> bool:
        return bool(self.subnet_ids)

    @property
    def vpc_config(self) -> Any:
        """Return the argument of `aws.lambda_.Function`, or None without a VPC."""
        if not self:
            return None
        return {"subnet_ids": list(self.subnet_ids), "security_group_ids": list(self.security_group_ids)}

    def validated(self, path: str) -> Self:
        """Refuse subnets without security groups, security groups without subnets, and too many of either."""
        if len(self.subnet_ids) > MAX_SUBNETS:
            raise InvalidSetting(f"{path}.subnet_ids", list(self.subnet_ids), SUBNETS)
        if len(self.security_group_ids) > MAX_SECURITY_GROUPS:
            raise InvalidSetting(f"{path}.security_group_ids", list(self.security_group_ids), SECURITY_GROUPS)
        if bool(self.subnet_ids) != bool(self.security_group_ids):
            missing, other = ("subnet_ids", "security_group_ids")[:: 1 if self.security_group_ids else -1]
            raise InvalidSetting(f"{path}.{missing}", [], f"at least one, since {path}.{other} is set")
        return self
