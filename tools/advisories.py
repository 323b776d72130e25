"""Public advisories for the packages in uv.lock, kept in `advisories.json` so that they can be checked offline.

git clone --depth 1 https://github.com/pypa/advisory-database /tmp/advisory-database
.venv/bin/python -m tools.advisories --refresh /tmp/advisory-database
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

TOP = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".json")
LATER = "With a network, `.tools/bin/uv audit --frozen` asks for the advisories of today."
Package = tuple[str, str]  # name, version


@dataclass(frozen=True)
class Advisory:
    """One advisory for one package: `events` of ranges as OSV defines them, and versions that are named singly."""

    id: str
    package: str
    aliases: Sequence[str]
    ranges: Sequence[Sequence[dict[str, str]]]
    versions: Sequence[str]

    def affects(self, version: str) -> bool:
        """Return whether `version` of the package has the vulnerability."""
        parsed = Version(version)
        named = any(Version(item) == parsed for item in self.versions)
        return named or any(_is_in_range(parsed, events) for events in self.ranges)


@dataclass(frozen=True)
class AdvisoryList:
    """The advisories of a day, and the names of the packages that were looked up in them."""

    date: date
    packages: Sequence[str]
    advisories: Sequence[Advisory]

    @classmethod
    def load(cls, path: Path = LIST) -> AdvisoryList:
        """Read the list from its file."""
        content = json.loads(path.read_text(encoding="utf-8"))
        advisories = [Advisory(**item) for item in content["advisories"]]
        return cls(date.fromisoformat(content["date"]), content["packages"], advisories)

    def findings(self, packages: Iterable[Package]) -> Iterator[str]:
        """Yield a sentence for each package with a known vulnerability."""
        for name, version in packages:
            for advisory in self.advisories:
                if advisory.package == name and advisory.affects(version):
                    yield f"{name} {version} is affected by {', '.join([advisory.id, *advisory.aliases])}"


def locked_packages(lock: Path = TOP / "uv.lock") -> list[Package]:
    """Return name and version of each package in the lock file that comes from a registry."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return sorted((item["name"], item["version"]) for item in packages if "registry" in item["source"])


def read_database(database: Path, names: set[str]) -> Iterator[Advisory]:
    """Yield the advisories for the named packages from a clone of the Python Packaging Advisory Database."""
    folders = (folder for folder in sorted((database / "vulns").iterdir()) if canonicalize_name(folder.name) in names)
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "withdrawn" in content:
            continue
        for affected in content["affected"]:
            name = canonicalize_name(affected["package"]["name"])
            if name in names:
                yield _read_affected(content, name, affected)


def refresh(database: Path) -> None:
    """Write `advisories.json` from a clone of the database, with the date of its last commit."""
    command = ["git", "-C", str(database), "log", "-1", "--format=%cs"]
    day = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    names = sorted({name for name, _ in locked_packages()})
    advisories = [asdict(advisory) for advisory in read_database(database, set(names))]
    content = {"date": day, "packages": names, "advisories": advisories}
    LIST.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def check() -> int:
    """Print what the list says about the lock file, and return the exit status: 1 with a finding."""
    advisories, packages = AdvisoryList.load(), locked_packages()
    age = (datetime.now(UTC).date() - advisories.date).days
    unlisted = sorted({name for name, _ in packages} - set(advisories.packages))
    findings = list(advisories.findings(packages))
    lines = [*findings, f"{len(packages)} packages, advisories of {advisories.date} ({age} days old). {LATER}"]
    if unlisted:
        lines.append(f"Added to uv.lock since then, hence not checked: {', '.join(unlisted)}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if findings else 0


def _read_affected(content: dict[str, Any], name: str, affected: dict[str, Any]) -> Advisory:
    ranges = [item["events"] for item in affected.get("ranges", ()) if item["type"] == "ECOSYSTEM"]
    events = [[{key: str(value) for key, value in event.items()} for event in item] for item in ranges]
    versions = [] if ranges else [str(item) for item in affected.get("versions", ())]
    return Advisory(content["id"], name, content.get("aliases", []), events, versions)


def _is_in_range(version: Version, events: Sequence[dict[str, str]]) -> bool:
    """Apply the events of an OSV range in the order of their versions."""
    affected = False
    for event in sorted(events, key=lambda event: Version(next(iter(event.values())))):
        ((kind, at),) = event.items()
        if kind == "introduced" and version >= Version(at):
            affected = True
        elif (kind == "fixed" and version >= Version(at)) or (kind == "last_affected" and version > Version(at)):
            affected = False
    return affected


def main(arguments: Sequence[str]) -> int:
    """Check the lock file, or write the list anew with `--refresh CLONE`."""
    if not arguments:
        return check()
    if len(arguments) == 2 and arguments[0] == "--refresh":
        refresh(Path(arguments[1]))
        return 0
    raise SystemExit(__doc__)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
