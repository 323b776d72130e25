"""This project's own program, deployed on an emulator."""

from collections.abc import Mapping
from pathlib import Path

from localcloud.aws import Aws
from localcloud.config import full_keys, read_project, read_stack, resolve
from localcloud.emulator import Emulator
from localcloud.engine import Deployment, run
from localcloud.provider import AwsProvider

__all__ = ["FOLDER", "Deployment", "deploy"]

FOLDER = Path(__file__).resolve().parents[1]
"""Where Pulumi.yaml and `__main__.py` are."""

_UNCONFIGURED: Mapping[str, object] = {}


def deploy(emulator: Emulator, *, stack: str = "local", config: Mapping[str, object] = _UNCONFIGURED) -> Deployment:
    """Deploy the program.

    Args:
        emulator: where; its execute-api URL is set in the configuration.
        stack: names the stack and its file `Pulumi.<stack>.yaml`, if there is one.
        config: replaces values of that file; keys without the project's name.

    Raises:
        ConfigError: The configuration breaks a rule of Pulumi.yaml.
        DeployError: The program failed; what it had made is removed.
    """
    project = read_project(FOLDER)
    given = {
        **read_stack(project, stack),
        **full_keys(project, {"executeApiUrl": emulator.execute_api_url, **config}),
    }
    values = {key: value for key, value in given.items() if not key.startswith("aws:")}
    provider = AwsProvider(Aws(emulator.endpoint, emulator.region, emulator.access_key_id, emulator.secret_access_key))
    return run(FOLDER / "__main__.py", project.name, stack, resolve(project, stack, values), provider)
