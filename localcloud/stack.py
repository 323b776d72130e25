"""An emulator with the deployed program, for tests, the demo and benchmarks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_provider.engine import Deployment
from localcloud.emulator import Emulator
from localcloud.program import deploy

LOCAL_CONFIG: Mapping[str, object] = {
    "auth.type": "none",
    "encryption.tlsOnly": False,  # the emulator has no TLS, so that the policy would refuse every role
    "protection.forceDestroy": True,
    "cloud.loopbackOrigins": True,
}
"""What a stack on this machine needs, beside its origins."""


@dataclass(frozen=True)
class LocalStack:
    """A deployed stack and the emulator that it runs on."""

    emulator: Emulator
    deployment: Deployment

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Return the outputs of the program."""
        return self.deployment.outputs

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service with the emulator's root key, to which no policy applies."""
        return self.emulator.aws().client(service)


@contextmanager
def local_stack(
    origins: Mapping[str, Mapping[str, object]],
    config: Mapping[str, object] | None = None,
    *,
    log_path: Path | None = None,
    observe: bool = False,
) -> Iterator[LocalStack]:
    """Start an emulator and deploy the program; remove both after the block.

    Args:
        origins: name -> origin, as in the configuration: `{"local": {"baseUrl": "http://...", "allowHttp": True}}`.
        config: further configuration, over `LOCAL_CONFIG`.
        log_path: where the emulator's log is kept.
        observe: have the emulator note what clients do, for `localcloud.watch`.

    Raises:
        EmulatorError: The emulator does not start.
        ConfigError: The configuration breaks a rule of Pulumi.yaml.
        DeployError: The program failed.
    """
    with Emulator(log_path=log_path, observe=observe) as emulator:
        deployment = deploy(emulator, config={**LOCAL_CONFIG, "origins": dict(origins), **(config or {})})
        yield LocalStack(emulator, deployment)
