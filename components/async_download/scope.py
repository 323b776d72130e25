"""Parent, names, options and tags of the component's resources."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from async_download import names
from async_download.settings import Settings


@dataclass(frozen=True)
class Scope:
    """A component and its settings, and with them the names and options of its children."""

    component: pulumi.ComponentResource
    name: str
    settings: Settings

    @property
    def tags(self) -> dict[str, pulumi.Input[str]]:
        """Tags of every resource that can have tags."""
        return dict(self.settings.tags)

    def logical(self, part: str) -> str:
        """Return the name of a child in the stack."""
        return f"{self.name}-{part}"

    def physical(self, part: str) -> str:
        """Return the name of a child in AWS."""
        return names.physical(self.settings.name_prefix, part)

    def options(
        self,
        *depends_on: pulumi.Resource,
        delete_before_replace: bool = False,
        protect: bool = False,
        retain_on_delete: bool = False,
        additional_secret_outputs: Sequence[str] = (),
        delete_timeout: str | None = None,
    ) -> pulumi.ResourceOptions:
        """Return the options of a child.

        A resource with a fixed name needs `delete_before_replace`, since its replacement has the same name. `protect`
        and `retain_on_delete` apply where the settings ask for them, and are otherwise left to the component's user.
        """
        protection = self.settings.protection
        return pulumi.ResourceOptions(
            parent=self.component,
            depends_on=list(depends_on) or None,
            delete_before_replace=delete_before_replace or None,
            protect=(protect and protection.protect) or None,
            retain_on_delete=(retain_on_delete and protection.retain_on_delete) or None,
            additional_secret_outputs=list(additional_secret_outputs) or None,
            custom_timeouts=pulumi.CustomTimeouts(delete=delete_timeout) if delete_timeout else None,
        )
