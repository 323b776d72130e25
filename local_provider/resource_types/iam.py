"""IAM: roles and their policies."""

from local_provider.resource_type import ResourceType, Words, crud, put

ROLE = ResourceType(
    type="aws:iam/role:Role",
    service="iam",
    operations=crud("Role", update=("UpdateAssumeRolePolicy", "UpdateRole")),
    id="{name}",
    inputs=Words("name assumeRolePolicy description maxSessionDuration path tags"),
    names={
        "RoleName": "name",
        "AssumeRolePolicyDocument": "assumeRolePolicy",
        "PolicyDocument": "assumeRolePolicy",
    },
    outputs={"arn": "{Arn}", "uniqueId": "{RoleId}", "createDate": "{CreateDate}"},
    replaces=Words("name path"),
    cleared={"maxSessionDuration": 3600},
    named_by="name",
    tags=("TagRole", "UntagRole", "ListRoleTags"),
)
ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    operations=put("RolePolicy"),
    id="{role}:{name}",
    inputs=Words("name role policy"),
    names={"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"},
    replaces=Words("name role"),
    named_by="name",
    name_limit=128,
)

RESOURCE_TYPES = (ROLE, ROLE_POLICY)
