"""Runs MiniStack behind the filter; this project starts it in no other way.

Started as `python -P filtered_emulator.py [OBSERVER FILE]`. The run's root key is in AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, because the environment, unlike arguments, is not for other users to read. OBSERVER is a Python
file whose `install(FILE)` changes the emulator before it starts.
"""

import hmac
import os
import runpy
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Run the emulator until a signal ends it."""
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from localcloud.ministack_names import find, replace_app
    from localcloud.request_filter import filtered

    root = os.environ.get("AWS_ACCESS_KEY_ID", "")
    if not root or not find("ministack.app:AUTH"):
        sys.exit("filtered_emulator: AWS_ACCESS_KEY_ID has to name the root key, and AUTH has to be true.")
    _randomize_function_credentials()
    if arguments:
        observer, file = arguments
        runpy.run_path(observer)["install"](file)
    cors_target = find("ministack.app:_s3_cors_target")
    replace_app(lambda app: filtered(app, _accepts(root), lambda host, path: bool(cors_target(host, path))))
    sys.argv = ["ministack"]
    find("ministack.app:main")()


def _accepts(root: str) -> Callable[[str], bool]:
    """Return a check for access keys of this run: the root key, and keys that IAM and STS issued."""
    from localcloud.ministack_names import find

    sessions = find("ministack.services.sts:_sessions")
    account_of = find("ministack.core.iam_evaluator:find_iam_access_key_account")

    def is_accepted(key: str) -> bool:
        if hmac.compare_digest(key.encode(), root.encode()):
            return True
        return key in sessions or account_of(key) is not None

    return is_accepted


def _randomize_function_credentials() -> None:
    """Give each function a random session.

    The emulator derives key, secret and token of a function from its ARN and its role's, which anyone can guess.
    """
    from localcloud.ministack_names import find, replace_function_credentials

    register_session = find("ministack.services.sts:register_session")
    run = secrets.token_bytes(32)

    def execution_credentials(config: Mapping[str, Any]) -> dict[str, str]:
        function, role = config["FunctionArn"], config.get("Role", "")
        account, name = function.split(":")[4], role.rpartition("/")[2]
        session = config.get("FunctionName", "function")[:64]

        def derive(purpose: str) -> str:
            return hmac.new(run, f"{purpose} {function} {role}".encode(), "sha256").hexdigest()

        key, secret, token = f"ASIA{derive('key')[:16].upper()}", derive("secret"), derive("token")
        details = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            "UserId": f"{name}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        }
        register_session(key, details)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    replace_function_credentials(execution_credentials)


if __name__ == "__main__":
    main(sys.argv[1:])
