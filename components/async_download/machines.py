"""Parts that both state machines share: the policy of a role, and time to be deleted in."""

from typing import Any

import pulumi
import pulumi_aws as aws

from async_download.scope import Scope, policy

DELETE_TIMEOUT = "60m"
"""A machine is deleted when its executions have ended, and they end at their next state transition.

A task takes up to 910 s to get there, a Map as long as its slices. The provider's own limit is five minutes.
"""


def machine_policy(scope: Scope, part: str, role: aws.iam.Role, build: Any, **arns: Any) -> aws.iam.RolePolicy:
    """Attach the statements that `build` returns for these ARNs to the role of a machine."""
    return aws.iam.RolePolicy(
        scope.logical(f"{part}-policy"), name=part, role=role.name, policy=policy(build, **arns), opts=scope.child()
    )


def machine_options(scope: Scope, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
    """Build the options of a machine, which may take `DELETE_TIMEOUT` to be deleted."""
    options = scope.named(*depends_on)
    options.custom_timeouts = pulumi.CustomTimeouts(delete=DELETE_TIMEOUT)
    return options
