"""Names of other packages that are not part of their public interface, found in one place for each package."""

import importlib
from importlib.metadata import version
from operator import attrgetter
from typing import Any


class PrivateNameError(ImportError):
    """An upgrade of a package has moved or removed a private name that is needed here."""


class PrivateNames:
    """Private names of one package, and the version that they were tried on."""

    def __init__(self, package: str, tried_on: str) -> None:
        self.package = package
        self.tried_on = tried_on
        self.purposes: dict[str, str] = {}
        """`module:name` -> purpose."""

    def find(self, path: str, purpose: str) -> Any:
        """Return what `module:name` or `module:Class.name` names.

        Raises:
            PrivateNameError: the installed version has no such name.
        """
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
