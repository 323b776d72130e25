"""The licences of all packages that the published ones need, as docs/licences.md: `make docs`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from tools.release.packages import PACKAGES, TOP, Package, ReleaseError
from tools.release.requirements import required_packages

PAGE = TOP / "docs" / "licences.md"
ACCEPTED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense", "Zlib"}
"""Identifiers of SPDX. Each allows use and redistribution in any program, on condition of attribution at most."""
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "MIT": "MIT",
    "MIT License": "MIT",
}
"""The names of licences in metadata that has no SPDX expression. "BSD License" alone may be any of three."""
LICENCES_BY_FILE = {
    # Its licence file: the BSD licence applies to all code, the Apache licence besides to what came after 2017.
    "python-dateutil": ("Dual License", "Apache-2.0 AND BSD-3-Clause")
}
"""Licences of packages whose metadata does not name them: what the metadata says, and what the licence file says."""


@dataclass(frozen=True)
class LicensedPackage:
    """A required package with its licence, an expression of SPDX."""

    name: str
    version: str
    licence: str
    optional: bool


def read_licence(name: str) -> str:
    """Return the licence of an installed package as an expression of SPDX.

    Raises:
        ReleaseError: the package is not installed, or its licence is unknown or not accepted.
    """
    try:
        described = metadata(name)
    except PackageNotFoundError:
        raise ReleaseError(f"{name} is not installed, so its licence cannot be read: run `make setup`.") from None
    stated = described["License-Expression"] or described["License"] or ""
    classifiers = [line for line in described.get_all("Classifier") or [] if line.startswith("License ::")]
    if name in LICENCES_BY_FILE and LICENCES_BY_FILE[name][0] == stated:
        return LICENCES_BY_FILE[name][1]
    expressions = {SPDX[text] for text in (stated, *classifiers) if text in SPDX}
    if described["License-Expression"]:
        expressions = {described["License-Expression"]}
    if len(expressions) != 1:
        raise ReleaseError(
            f"{name} {described['Version']} states its licence as {[stated, *classifiers]}, which is not an identifier "
            "of SPDX: read its licence file, and add the licence to tools/release/licences.py."
        )
    return _accepted(name, expressions.pop())


def _accepted(name: str, expression: str) -> str:
    try:
        canonical = str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression as error:
        raise ReleaseError(f"{name} has an invalid licence expression: {error}") from None
    identifiers = {word for word in canonical.replace("(", " ").replace(")", " ").split() if word not in ("AND", "OR")}
    if refused := identifiers - ACCEPTED:
        raise ReleaseError(
            f"{name} is licensed under {canonical}. Whether {', '.join(sorted(refused))} may be required by what we "
            "publish has not been decided: see ACCEPTED in tools/release/licences.py."
        )
    return canonical


def licensed_packages(package: Package, top: Path = TOP) -> list[LicensedPackage]:
    """Return everything that a package needs at run time from others, with its licence.

    Raises:
        ReleaseError: a package is not installed, or its licence is unknown or not accepted.
    """
    published = {item.name for item in PACKAGES}
    return [
        LicensedPackage(item.name, item.version, read_licence(item.name), item.optional)
        for item in required_packages(package, top)
        if item.name not in published
    ]


def page() -> str:
    """Return docs/licences.md."""
    sections = "\n".join(_section(package, licensed_packages(package)) for package in PACKAGES)
    return f"""# Licences

This page lists the licences of what a release ships and of what it needs. `make docs` writes it from uv.lock and the
metadata of the installed packages; an unknown licence fails.

All files in the published packages are of this repository and under [MIT-0](../LICENSE): the component with the Lambda
functions and the web page, the downloader, and the operator's command. They contain no file of others. The functions
use Python's standard library and boto3, which are part of AWS Lambda's runtime.

The packages below are not shipped. pip installs them from PyPI, in versions that the package allows; those of uv.lock
are listed. The same lists are in the SBOM of each package.

{sections}"""


def _section(package: Package, packages: Iterable[LicensedPackage]) -> str:
    rows = [f"| {item.name} | {item.version} | {item.licence} | {_needed(item)} |" for item in packages]
    return "\n".join(
        [f"## {package.name}\n", "| Package | Version | Licence | Needed |", "|---|---|---|---|", *rows, ""]
    )


def _needed(item: LicensedPackage) -> str:
    return "with an extra" if item.optional else "always"


def licence_json(expression: str) -> list[dict[str, object]]:
    """Return an expression as CycloneDX 1.5 wants it: the id of one licence, or an expression of several."""
    if expression in ACCEPTED:
        return [{"license": {"id": expression}}]
    return [{"expression": expression}]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
