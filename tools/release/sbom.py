"""The bill of materials (SBOM) of each package, in CycloneDX's JSON format."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tools.release.licences import licence_json, licensed_packages
from tools.release.packages import PACKAGES, TOP, Package, ReleaseError, repository_url
from tools.release.requirements import Document, document, required_packages

OWN_LICENCE = "MIT-0"


def file_name(package: Package) -> str:
    """Return the name of the file that holds the bill of a package."""
    return f"{package.file_name}.cdx.json"


def bill_of_materials(package: Package, seconds: int, top: Path = TOP) -> Document:
    """Return the bill of a package: what it needs at run time, with licences.

    What only an extra needs has the scope `optional`. `seconds` is the time of the commit, so that two builds of one
    commit give the same bill.
    """
    content = document(package, extras=True, top=top)
    licences = {item.name: item.licence for item in licensed_packages(package, top)}
    optional = {item.name for item in required_packages(package, top) if item.optional}
    for item in content["components"]:
        if item["name"] in licences:
            item["licenses"] = licence_json(licences[item["name"]])
        else:
            _describe_own(item, top)
        item["scope"] = "optional" if item["name"] in optional else "required"
    _describe_own(content["metadata"]["component"], top)
    _leave_out_uv_properties([content["metadata"]["component"], *content["components"]])
    content["metadata"]["timestamp"] = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    del content["serialNumber"]  # random in each export
    text = json.dumps(content, sort_keys=True)
    return {**content, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"}


def _describe_own(component: Document, top: Path) -> None:
    """Add licence and addresses of a package of this repository."""
    package = next((item for item in PACKAGES if item.name == component["name"]), None)
    if package is None:
        raise ReleaseError(f"{component['name']} has no licence in the list of licences.")
    component["purl"] = f"pkg:pypi/{package.name}@{package.version(top)}"
    component["licenses"] = licence_json(OWN_LICENCE)
    component["description"] = package.settings(top)["description"]
    if url := repository_url(top):
        component["externalReferences"] = [{"type": "vcs", "url": url}]


def _leave_out_uv_properties(components: Iterable[Document]) -> None:
    """Remove what uv says of its workspace; the markers of requirements stay."""
    for component in components:
        properties = [item for item in component.pop("properties", []) if item["name"] == "uv:package:marker"]
        if properties:
            component["properties"] = properties
