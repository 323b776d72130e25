"""Keeps the stand-in provider loaded: Pulumi's engine starts the plugin at each operation.

Loading the stand-in costs more CPU time than most operations. The plugin that the engine starts is `fork_server.py`.
"""

import socket
import sys

from integration_tests.support import fork_server


def main(listener: socket.socket) -> None:
    """Load the stand-in and serve."""
    from local_provider import schema
    from local_provider.plugin import unconfigured_cloud
    from local_provider.resource_types import RESOURCE_TYPES

    for token in RESOURCE_TYPES:
        schema.check_inputs(token, {})
        schema.output_names(token)
    unconfigured_cloud()
    fork_server.serve(listener)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
