"""Roles and their policies."""

import json

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, Setting, State, given, same_document
from local_provider.resources.tags import pairs, retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class Role(Resource):
    """A role."""

    type = "aws:iam/role:Role"
    implements = frozenset({"name", "assumeRolePolicy", "description", "maxSessionDuration", "path", "tags"})
    replaces = frozenset({"name", "path"})
    named_by = "name"

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=_json(inputs["assumeRolePolicy"]),
            **given(
                Path=inputs.get("path"),
                Description=inputs.get("description"),
                MaxSessionDuration=inputs.get("maxSessionDuration"),
                Tags=pairs(inputs),
            ),
        )["Role"]
        created = made["CreateDate"].isoformat()
        return Made(inputs["name"], {"arn": made["Arn"], "uniqueId": made["RoleId"], "createDate": created})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its trust, description, session length and tags."""
        client = aws.client("iam")
        client.update_assume_role_policy(RoleName=resource_id, PolicyDocument=_json(new["assumeRolePolicy"]))
        client.update_role(
            RoleName=resource_id,
            Description=new.get("description", ""),
            MaxSessionDuration=new.get("maxSessionDuration", 3600),
        )
        retag(
            old,
            new,
            lambda _: client.tag_role(RoleName=resource_id, Tags=pairs(new)),
            lambda names: client.untag_role(RoleName=resource_id, TagKeys=names),
        )
        return {key: old[key] for key in ("arn", "uniqueId", "createDate")}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its trust, description and tags."""
        found = aws.client("iam").get_role(RoleName=resource_id)["Role"]
        seen: dict[str, Plain] = {
            "arn": found["Arn"],
            "assumeRolePolicy": same_document(state.get("assumeRolePolicy"), _json(found["AssumeRolePolicyDocument"])),
        }
        if "description" in state:
            seen["description"] = found.get("Description", "")
        if "tags" in state:
            tags = aws.client("iam").list_role_tags(RoleName=resource_id)["Tags"]
            seen["tags"] = {tag["Key"]: tag["Value"] for tag in tags}
        return seen

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("iam").delete_role(RoleName=resource_id)


class RolePolicy(Setting):
    """A policy inside a role."""

    type = "aws:iam/rolePolicy:RolePolicy"
    implements = frozenset({"name", "role", "policy"})
    replaces = frozenset({"name", "role"})
    named_by = "name"
    name_limit = 128

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        role, name = inputs["role"], inputs["name"]
        aws.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_json(inputs["policy"]))
        return Made(f"{role}:{name}", {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """The policy, in the program's own spelling while it says the same."""
        role, _, name = resource_id.partition(":")
        found = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {
            "role": role,
            "name": name,
            "policy": same_document(state.get("policy"), _json(found["PolicyDocument"])),
        }

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take it away."""
        role, _, name = resource_id.partition(":")
        aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _json(document: Plain) -> str:
    return document if isinstance(document, str) else json.dumps(document)


RESOURCES = (Role(), RolePolicy())
