"""AWS WAF: the web ACL of a REST stage."""

from local_provider.resource_type import crud

RESOURCE_TYPES = (
    crud(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "resourceArn! webAclArn!",
        create="AssociateWebACL",
        read="GetWebACLForResource",
        update=(),
        delete="DisassociateWebACL",
        id="{webAclArn},{resourceArn}",
        names={"ResourceArn": "resourceArn"},  # by its name it would be the arn of the association
        named_by="resourceArn",
        described_by="ARN == '{webAclArn}' && @",
    ),
)
