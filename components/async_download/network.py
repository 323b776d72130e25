"""Where the copying functions are: on AWS's own network, or in a VPC from which private origins are reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from async_download import checks
from async_download.checks import InvalidSetting

SUBNET, SUBNETS = r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", 16
SECURITY_GROUP, SECURITY_GROUPS = r"sg-([0-9a-f]{8}|[0-9a-f]{17})", 5


@dataclass(frozen=True)
class Network:
    """The subnets and security groups of a VPC; none of either outside one."""

    subnet_ids: tuple[pulumi.Input[str], ...] = ()
    security_group_ids: tuple[pulumi.Input[str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subnet_ids)

    @property
    def vpc_config(self) -> Any:
        """As `aws.lambda_.Function` takes it."""
        if not self:
            return None
        return {"subnet_ids": list(self.subnet_ids), "security_group_ids": list(self.security_group_ids)}


def resolve(subnet_ids: object, security_group_ids: object) -> Network:
    """Check both lists: they are given together."""
    subnets = _ids("vpc_subnet_ids", subnet_ids, SUBNET, SUBNETS)
    groups = _ids("vpc_security_group_ids", security_group_ids, SECURITY_GROUP, SECURITY_GROUPS)
    if bool(subnets) != bool(groups):
        missing, given = ("vpc_subnet_ids", "vpc_security_group_ids")[:: 1 if groups else -1]
        raise InvalidSetting(missing, [], f"at least one, since {given} is set")
    return Network(subnets, groups)


def _ids(setting: str, value: object, pattern: str, most: int) -> tuple[pulumi.Input[str], ...]:
    allowed = f"a list of at most {most} ids that match {pattern}"
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise InvalidSetting(setting, value, allowed)
    return tuple(
        one if isinstance(one, pulumi.Output) else checks.text(setting, one, pattern, allowed) for one in value
    )
