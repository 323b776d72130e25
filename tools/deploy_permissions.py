"""IAM policy of the role that deploys, from the resource types that the program registers: `make docs`.

`python -m tools.deploy_permissions --account 111122223333 --prefix async-download-prod-files` prints it for a stack.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from async_download.functions import ALL_FUNCTIONS
from async_download.keys import LOG_FOLDERS
from async_download.names import BUCKET_LIMIT, LIMIT, RANDOM_LENGTH, bucket_stem, hyphenated
from async_download.settings.protection import NO_PATH

from tools.deploy_grants import BOUNDARY, GRANTS, OPTIONAL, Grant
from tools.readme_tables import TOP

DOCUMENT = TOP / "docs" / "deploy-permissions.json"
MAX_KEY_LENGTH = max(map(len, map(hyphenated, ALL_FUNCTIONS)))
HASH_LENGTH = 9  # "-" and eight characters, in shortened names
SUFFIX = "{region}.{suffix}"  # in conditions, whose JSON has braces too
Document = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """The account, region and names of the stack that the policy covers.

    `key`, `authorizer_function`, `permissions_boundary` and `web_acl` are ARNs of existing resources or empty, and
    `existing_bucket` is a name; `role_path` and `log_group_prefix` are the settings of these names.
    """

    account: str = "111122223333"
    region: str = "eu-central-1"
    partition: str = "aws"
    suffix: str = "amazonaws.com"
    prefix: str = "async-download-prod-files"
    component: str = "files"
    key: str = ""
    existing_bucket: str = ""
    authorizer_function: str = ""
    permissions_boundary: str = ""
    web_acl: str = ""
    role_path: str = NO_PATH
    log_group_prefix: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Return the values of the placeholders in `deploy_grants`."""
        return {**vars(self), "name": name_pattern(self.prefix), "bucket": self._bucket}

    def arns(self, pattern: str) -> list[str]:
        """Return the ARNs that a pattern of `deploy_grants` stands for."""
        folders = [self.log_group_prefix] if self.log_group_prefix else LOG_FOLDERS
        arns = (pattern.format(**self.fields, log_folder=folder) for folder in folders)
        return list(dict.fromkeys(arns))

    @property
    def _bucket(self) -> str:
        """Return the pattern of the name that the engine gives the bucket."""
        return f"{bucket_stem(self.component)[: BUCKET_LIMIT - RANDOM_LENGTH]}-*"


def name_pattern(prefix: str) -> str:
    """Return the pattern of names of functions, roles and tables; long prefixes are shortened in them."""
    room = LIMIT - MAX_KEY_LENGTH - 1
    return f"{prefix}-*" if len(prefix) <= room else f"{prefix[: room - HASH_LENGTH]}*"


def policy(target: Target) -> Document:
    """Return the policy that suffices to preview, deploy, update, refresh and destroy the stack.

    Actions on the same resources share a statement, and so do resources with the same actions: IAM limits its size.
    """
    actions: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for grant in _grants(target):
        resources = tuple(arn for resource in grant.resources for arn in target.arns(resource))
        condition = _condition(target, grant)
        actions.setdefault((resources, condition), set()).update(grant.actions)
    resources_of: dict[tuple[tuple[str, ...], str], dict[str, None]] = {}
    for (resources, condition), allowed in actions.items():
        resources_of.setdefault((tuple(sorted(allowed)), condition), {}).update(dict.fromkeys(resources))
    statements = [
        _statement(allowed, list(resources), json.loads(condition))
        for (allowed, condition), resources in resources_of.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _grants(target: Target) -> Iterable[Grant]:
    for grants in GRANTS.values():
        yield from grants
    for option, grants in OPTIONAL.items():
        if getattr(target, option):
            yield from grants


def _condition(target: Target, grant: Grant) -> str:
    """Return the condition of a grant for the stack, as JSON."""
    condition = (
        {} if grant.condition == {"StringEquals": BOUNDARY} and not target.permissions_boundary else grant.condition
    )
    texts = {SUFFIX: f"{target.region}.{target.suffix}", "{permissions_boundary}": target.permissions_boundary}
    text = json.dumps(condition)
    for placeholder, value in texts.items():
        text = text.replace(placeholder, value)
    return text


def _statement(actions: Sequence[str], resources: Sequence[str], condition: Document) -> Document:
    statement = {"Effect": "Allow", "Action": _single_or_list(actions), "Resource": _single_or_list(resources)}
    return statement | ({"Condition": condition} if condition else {})


def _single_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


EXAMPLE = Target(
    key="arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    existing_bucket="your-bucket",
    authorizer_function="arn:aws:lambda:eu-central-1:111122223333:function:authorize",
    permissions_boundary="arn:aws:iam::111122223333:policy/async-download-boundary",
    web_acl="arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/company/1234abcd-12ab-34cd-56ef-1234567890ab",
)


def text(target: Target) -> str:
    """Return the policy as JSON."""
    return json.dumps(policy(target), indent=2) + "\n"


def main() -> None:
    """Print the policy of a stack, or write the example of the documentation when no option is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(TOP)}, with example names")
    for option, default in vars(Target()).items():
        parser.add_argument(
            f"--{option.replace('_', '-')}", default=default, metavar="TEXT", help=f"default: {default}"
        )
    options = vars(parser.parse_args())
    if options.pop("write"):
        DOCUMENT.write_text(text(EXAMPLE), encoding="utf-8")
    else:
        print(text(Target(**options)), end="")  # noqa: T201


if __name__ == "__main__":
    main()
