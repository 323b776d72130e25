"""`python -m localcloud env`: shell commands that point aws, awslocal, pulumi and SDKs at the running emulator."""

import os
import re
import shlex
from pathlib import Path

from localcloud.outputs_file import read_running
from localcloud.paths import WORD

# A profile or a session token of the user's own would come before these keys, or be sent with them.
_CONFLICTING_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
# These would send requests elsewhere than to AWS_ENDPOINT_URL.
_REDIRECTING = re.compile(
    r"AWS_ENDPOINT_URL_[0-9A-Z_]+|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS|AWS_USE_(FIPS|DUALSTACK)_ENDPOINT"
)


def print_environment(directory: Path = WORD) -> int:
    """Print `export` commands with endpoint, region and keys; the keys of this run are secret.

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
    redirecting = sorted(name for name in os.environ if _REDIRECTING.fullmatch(name))
    print(f"unset {' '.join((*_CONFLICTING_VARIABLES, *redirecting))}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
