"""Names of other packages that are not part of their public interface, found in one place for each package."""

import importlib
from dataclasses import dataclass, field
from importlib.metadata import version
from operator import attrgetter
from typing import Any


class PrivateNameError(ImportError):
    """An upgrade of a package has moved or removed a private name that is needed here."""


@dataclass(frozen=True)
class PrivateNames:
    """Private names of one package, the version that they were tried on, and `module:name` -> purpose."""

    package: str
    tried_on: str
    purposes: dict[str, str] = field(default_factory=dict, init=False)

    def find(self, path: str, purpose: str) -> Any:
        """Return what `module:name` or `module:Class.name` names; raise PrivateNameError if there is no such name."""
        module, _, names = path.partition(":")
        try:
            value = attrgetter(names)(importlib.import_module(module))
        except (ImportError, AttributeError):
            raise PrivateNameError(
                f"{self.package} {version(self.package)} has no {path}, which is needed to {purpose}. It was there in "
                f"{self.package} {self.tried_on}."
            ) from None
        self.purposes[path] = purpose
        return value
