"""Deploys this project's program on an emulator."""

from collections.abc import Mapping
from typing import Protocol

from local_provider.aws import Aws
from local_provider.engine import Deployment, run
from local_provider.provider import AwsProvider, unknown_settings
from localcloud.config import full_keys, nested, read_project, read_stack, resolve
from localcloud.errors import ConfigError
from localcloud.paths import FOLDER

_UNCONFIGURED: Mapping[str, object] = {}
_OF_THE_CLOUD = frozenset({"accessKey", "endpoints", "region", "secretKey"})
"""Settings of the provider that come from the cloud."""


class Cloud(Protocol):
    """The cloud to deploy to: an emulator that was started here, or a running one."""

    @property
    def endpoint(self) -> str | None:
        """Return the endpoint of all services."""

    @property
    def service_endpoints(self) -> Mapping[str, str]:
        """Return service -> endpoint, for services with an endpoint of their own."""

    @property
    def region(self) -> str:
        """Return the region."""

    @property
    def access_key_id(self) -> str:
        """Return the deployer's access key."""

    @property
    def secret_access_key(self) -> str:
        """Return the deployer's access key."""

    @property
    def execute_api_url(self) -> str:
        """Return the URL of APIs."""


def deploy(
    cloud: Cloud,
    *,
    stack: str = "local",
    config: Mapping[str, object] = _UNCONFIGURED,
    update: Deployment | None = None,
) -> Deployment:
    """Deploy the program.

    Args:
        cloud: where; its execute-api URL is set in the configuration.
        stack: names the stack and its file `Pulumi.<stack>.yaml`, if there is one.
        config: replaces values of that file; keys or paths such as `copying.concurrency`, without the project's name.
        update: the deployment to change; None creates one.

    Raises:
        ConfigError: The configuration breaks a rule of Pulumi.yaml.
        DeployError: The program failed. What it had made is removed, except by an update.
    """
    project = read_project(FOLDER)
    stack_config = nested(
        {**read_stack(project, stack), **full_keys(project, {"cloud.executeApiUrl": cloud.execute_api_url, **config})}
    )
    values = {key: value for key, value in stack_config.items() if not key.startswith("aws:")}
    config_text = resolve(project, stack, values)
    arguments = (FOLDER / "__main__.py", project.name, stack, config_text, provider_of(cloud, stack_config))
    if update is None:
        return run(*arguments)
    update.update(*arguments)
    return update


def provider_of(cloud: Cloud, stack_config: Mapping[str, object]) -> AwsProvider:
    """Return the provider with the stack's settings, such as default tags, at the cloud's endpoint."""
    if cloud.endpoint is None:
        raise ConfigError("The embedded engine deploys to an endpoint; AWS itself needs `pulumi up`.")
    aws = Aws(
        cloud.endpoint,
        cloud.region,
        cloud.access_key_id,
        cloud.secret_access_key,
        service_endpoints=cloud.service_endpoints,
    )
    provider_settings = {
        key.removeprefix("aws:"): value for key, value in stack_config.items() if key.startswith("aws:")
    }
    settings = {name: value for name, value in provider_settings.items() if name not in _OF_THE_CLOUD}
    if unknown := unknown_settings(settings):
        raise ConfigError(f"The stand-in provider does not know the setting aws:{unknown[0]}.")
    return AwsProvider(aws).with_settings(settings)
