"""The least that a permissions boundary of the stack's roles has to allow, the union of their policies: `make docs`.

`python -m tools.permissions_boundary --account 111122223333 --prefix async-download-prod-files` prints it for a stack.
It covers every setting, so that it stays the same when settings change.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from async_download.keys import LOG_FOLDERS
from async_download.settings.protection import NO_PATH

from tests.components.support.harness import Cloud, deploy
from tests.components.support.variants import main_variants
from tools.deploy_permissions import Document, name_pattern
from tools.readme_tables import TOP

DOCUMENT = TOP / "docs" / "permissions-boundary.json"
CLOUD = Cloud()
"""Place of the deployments that the policies are read from."""
NAMES = "prefixofthestack"
PATH, LOG_FOLDER = "/path-of-the-roles/", "/folder-of-the-log-groups"


@dataclass(frozen=True)
class Target:
    """Account, region and names of the stack that the boundary is for; `bucket` and `key` are `*` for any."""

    account: str = "111122223333"
    region: str = "eu-central-1"
    partition: str = "aws"
    prefix: str = "async-download-prod-files"
    role_path: str = NO_PATH
    log_group_prefix: str = ""
    bucket: str = "*"


def policy(target: Target) -> Document:
    """Return the policy: each action of a role on the resources of all roles that have it, without conditions."""
    resources: dict[str, set[str]] = {}
    for statement in role_statements():
        arns = [arn for resource in _listed(statement["Resource"]) for arn in _patterns(resource, target)]
        for action in _listed(statement["Action"]):
            resources.setdefault(action, set()).update(arns)
    actions: dict[tuple[str, ...], list[str]] = {}
    for action in sorted(resources):
        actions.setdefault(_without_covered(resources[action]), []).append(action)
    statements = [
        {"Effect": "Allow", "Action": names, "Resource": list(arns)} for arns, names in sorted(actions.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def role_statements() -> Iterable[dict[str, Any]]:
    """Yield the statements of the policies of all roles, with every setting and without, with recognisable names."""
    names = {"name_prefix": NAMES, "observability.log_group_prefix": LOG_FOLDER, "protection.role_path": PATH}
    for args in main_variants().values():
        for role_policy in deploy({**args, **names}, cloud=CLOUD).resources_of("iam/rolePolicy:RolePolicy"):
            yield from role_policy.json("policy")["Statement"]


def _patterns(arn: str, target: Target) -> list[str]:
    """Return the patterns of the target's ARNs that stand for an ARN of the deployments."""
    if arn == "*":
        return ["*"]
    _, _, service, region, account, resource = arn.split(":", 5)
    resource = resource.replace(PATH, target.role_path)
    resource = re.sub(rf"{NAMES}-[a-z-]+", name_pattern(target.prefix), resource)
    if service == "execute-api":
        resource = re.sub(r"^[a-z0-9]+/[^/]+/\w+/", "*/", resource)  # of any API and stage, since the id is not known
    elif service in OWNERS:
        resource = OWNERS[service]
    elif service == "s3":
        resource = target.bucket + ("/*" if "/" in resource else "")
    folders = [target.log_group_prefix] if target.log_group_prefix else LOG_FOLDERS
    place = f"{region and target.region}:{account and target.account}"
    if service in OWNERS:
        place = "*:*"
    prefix = f"arn:{target.partition}:{service}:{place}:"
    return list(dict.fromkeys(prefix + resource.replace(LOG_FOLDER, folder) for folder in folders))


OWNERS: Mapping[str, str] = {
    "events": "event-bus/*",
    "kms": "key/*",
    "secretsmanager": "secret:*",
    "ssm": "parameter/*",
}
"""Service -> resources that settings name: they belong to others, and are in any region and account."""


def _without_covered(arns: set[str]) -> tuple[str, ...]:
    """Return `*` alone where it is one of them, and otherwise all in order."""
    return ("*",) if "*" in arns else tuple(sorted(arns))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def text(target: Target) -> str:
    """Return the policy as JSON."""
    return json.dumps(policy(target), indent=2) + "\n"


def main() -> None:
    """Print the policy of a stack, or write the example of the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(TOP)}, with example names")
    for option, default in vars(Target()).items():
        flag = f"--{option.replace('_', '-')}"
        parser.add_argument(flag, default=default, metavar="TEXT", help=f"default: {default}")
    options = vars(parser.parse_args())
    if options.pop("write"):
        DOCUMENT.write_text(text(Target()), encoding="utf-8")
    else:
        print(text(Target(**options)), end="")  # noqa: T201


if __name__ == "__main__":
    main()
