"""What the parts of the component share: who their parent is, what they are called, which tags they carry."""

from dataclasses import dataclass

import pulumi

from async_download import names
from async_download.settings import Settings


@dataclass(frozen=True)
class Scope:
    """Names, options and tags for the children of one component."""

    component: pulumi.ComponentResource
    name: str
    settings: Settings

    @property
    def tags(self) -> dict[str, pulumi.Input[str]]:
        """Tags of every resource that can carry them."""
        return dict(self.settings.tags)

    def logical(self, part: str) -> str:
        """Name of a child in the stack."""
        return f"{self.name}-{part}"

    def physical(self, part: str) -> str:
        """Name of a child in AWS."""
        return names.physical(self.settings.name_prefix, part)

    def child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child."""
        return pulumi.ResourceOptions(parent=self.component, depends_on=list(depends_on) or None)

    def named(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child with a name of its own, which its replacement could not share."""
        options = self.child(*depends_on)
        options.delete_before_replace = True
        return options

    def protected(self) -> pulumi.ResourceOptions:
        """Options of a child that could not be made again as it was: data, and the ids that are in URLs."""
        options = self.child()
        options.protect = self.settings.protection.protect or None  # None leaves it to whoever uses the component
        return options

    def data(self) -> pulumi.ResourceOptions:
        """Options of a child that holds data."""
        options = self.protected()
        options.retain_on_delete = self.settings.protection.retain_on_delete or None
        return options

    def retained(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child without which data that stays would be in danger."""
        options = self.child(*depends_on)
        options.retain_on_delete = self.settings.protection.retain_on_delete or None
        return options

    def secretive(self, *outputs: str) -> pulumi.ResourceOptions:
        """Options of a child of which some outputs are secrets that the provider does not know as such."""
        options = self.child()
        options.additional_secret_outputs = list(outputs)
        return options
