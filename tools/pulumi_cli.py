"""Pulumi's CLI from its download site, into .tools/pulumi: `python -m tools.pulumi_cli 3.255.0`.

Ends with 1 and one sentence where the site cannot be reached; `make pulumi-cli` then builds it.
"""

from __future__ import annotations

import socket
import sys
import urllib.error
from subprocess import CalledProcessError

from pulumi.automation import PulumiCommand
from semver import VersionInfo

from tools.readme_tables import TOP

FOLDER = TOP / ".tools" / "pulumi"
PATIENCE = 10  # seconds, for a site that does not answer


def main(version: str) -> int:
    """Install it; the exit code."""
    try:
        PulumiCommand.install(root=str(FOLDER), version=VersionInfo.parse(version))
    except (OSError, urllib.error.URLError, CalledProcessError) as error:
        sys.stderr.write(f"Pulumi {version} cannot be downloaded here ({error}).\n")
        return 1
    return 0


if __name__ == "__main__":
    socket.setdefaulttimeout(PATIENCE)
    sys.exit(main(sys.argv[1]))
