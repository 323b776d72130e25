"""`python -m localcloud env`: lines for a shell, so that aws, awslocal, pulumi and SDKs reach what runs here."""

import shlex
from pathlib import Path

from localcloud.outputs_file import read_running
from localcloud.paths import WORD

__all__ = ["print_environment"]

# A profile or a session token of the user's own would come before these keys, or be sent with them.
_OTHERS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")


def print_environment(directory: Path = WORD) -> int:
    """Print the variables as commands: endpoint, region and keys; the keys of this run are secret.

    Raises:
        NotRunningError: Neither a stack nor an emulator is running.
    """
    outputs = read_running(directory, needs="accessKeyId")
    variables = {
        "AWS_ENDPOINT_URL": outputs["awsEndpoint"],
        "AWS_REGION": outputs["region"],
        "AWS_DEFAULT_REGION": outputs["region"],
        "AWS_ACCESS_KEY_ID": outputs["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": outputs["secretAccessKey"],
    }
    print(f"unset {' '.join(_OTHERS)}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
