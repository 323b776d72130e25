"""Each bill of materials is valid CycloneDX, and lists what its package needs at run time and nothing else."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import cyclonedx.schema
import pytest
from jsonschema import Draft7Validator
from packaging.requirements import Requirement
from referencing import Registry, Resource

from tools.release import requirements, sbom
from tools.release.packages import CLIENT, COMPONENT, PACKAGES, TOP, Package, ReleaseError
from tools.release.requirements import required_packages

ADDRESS = "http://cyclonedx.org/schema/"
SECONDS = 1_764_374_400  # 2025-11-29T00:00:00Z


@cache
def bill(package: Package) -> dict[str, Any]:
    return sbom.bill_of_materials(package, SECONDS)


@cache
def validator() -> Draft7Validator:
    """The validator of CycloneDX 1.5, with the schemas that it refers to."""
    folder = files(cyclonedx.schema) / "_res"
    names = {"bom-1.5.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"}
    schemas = {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in names}
    registry: Any = Registry().with_resources(
        (f"{ADDRESS}{name}", Resource.from_contents(item)) for name, item in schemas.items()
    )
    return Draft7Validator(schemas["bom-1.5.SNAPSHOT.schema.json"], registry=registry)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_bill_is_valid(package: Package) -> None:
    assert [error.message for error in validator().iter_errors(bill(package))] == []


def test_the_schema_refuses_an_invalid_bill() -> None:
    broken = {**bill(CLIENT), "components": [{"type": "library"}]}
    assert list(validator().iter_errors(broken))
    broken = {
        **bill(CLIENT),
        "components": [{"type": "library", "name": "x", "licenses": [{"license": {"id": "Ours"}}]}],
    }
    assert list(validator().iter_errors(broken))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_bill_describes_its_package_and_what_that_requires(package: Package) -> None:
    content = bill(package)
    described = content["metadata"]["component"]
    assert described["purl"] == f"pkg:pypi/{package.name}@{package.version()}"
    assert described["licenses"] == [{"license": {"id": "MIT-0"}}]
    components = {item["name"]: item for item in content["components"]}
    assert {Requirement(line).name for line in package.settings()["dependencies"]} <= components.keys()
    locked = tomllib.loads((TOP / "uv.lock").read_text(encoding="utf-8"))["package"]
    versions = {item["name"]: item["version"] for item in locked if "version" in item}
    for name, item in components.items():
        assert item["version"] == versions[name]
        assert item["purl"] == f"pkg:pypi/{name}@{item['version']}"
        assert item["licenses"]
        assert item["scope"] in ("required", "optional")


def test_tools_of_development_are_in_no_bill() -> None:
    listed = {item["name"] for package in PACKAGES for item in bill(package)["components"]}
    assert not listed & {"pytest", "ministack", "moto", "ruff", "mypy", "cyclonedx-python-lib", "async-download"}


def test_what_an_extra_needs_is_optional() -> None:
    scopes = {item["name"]: item["scope"] for item in bill(CLIENT)["components"]}
    assert (scopes["botocore"], scopes["urllib3"]) == ("optional", "required")
    assert {item["scope"] for item in bill(COMPONENT)["components"]} == {"required"}


def test_what_depends_on_the_machine_keeps_its_marker() -> None:
    (zlib,) = [item for item in bill(CLIENT)["components"] if item["name"] == "zlib-ng"]
    ((name, marker),) = [(item["name"], item["value"]) for item in zlib["properties"]]
    assert name == "uv:package:marker"
    assert "platform_machine" in marker


def test_each_package_from_a_registry_has_hashes_of_its_files() -> None:
    for item in bill(COMPONENT)["components"]:
        files_of_item = item["externalReferences"]
        assert all(len(entry["hashes"][0]["content"]) == 64 for entry in files_of_item), item["name"]


def test_two_bills_of_one_commit_are_equal() -> None:
    requirements.export_packages.cache_clear()
    again = sbom.bill_of_materials(CLIENT, SECONDS)
    assert again == bill(CLIENT)
    assert again["metadata"]["timestamp"] == "2025-11-29T00:00:00Z"
    assert sbom.bill_of_materials(CLIENT, SECONDS + 1)["serialNumber"] != again["serialNumber"]


def test_a_package_that_uv_does_not_know_fails_with_its_reason() -> None:
    with pytest.raises(ReleaseError, match="uv cannot export what no-such-package needs"):
        required_packages(Package("no-such-package", ".", ()))


def test_without_uv_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "TOP", TOP / "nowhere")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReleaseError, match="There is no uv: run `make setup`"):
        requirements.uv()
