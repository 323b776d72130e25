"""The component for programs in every Pulumi language."""

import sys
from importlib.metadata import version

from async_download.plugin import PACKAGE, Plugin
from pulumi.provider import main

if __name__ == "__main__":
    main(Plugin(version(PACKAGE)), sys.argv[1:])
