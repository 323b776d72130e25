"""What can go wrong on the local cloud.

LocalCloudError
├── EmulatorError      the emulator did not start, or is gone
├── ConfigError        the stack's configuration breaks a rule of Pulumi.yaml
├── DeployError        a resource was refused or could not be made
├── DestroyError       a resource could not be removed
├── NotRunningError    a command needs `make local`, which is not running
└── UsageError         a command was given something that it cannot use
"""

__all__ = [
    "ConfigError",
    "DeployError",
    "DestroyError",
    "EmulatorError",
    "LocalCloudError",
    "NotRunningError",
    "UsageError",
]


class LocalCloudError(Exception):
    """Anything that the local cloud reports in one sentence, without a traceback."""


class EmulatorError(LocalCloudError):
    """The emulator did not start, or is gone; the message ends with the tail of its log."""


class ConfigError(LocalCloudError):
    """The stack's configuration breaks a rule of Pulumi.yaml; the message names the key."""


class DeployError(LocalCloudError):
    """A resource was refused or could not be made; the message names its type, its name and the cause."""


class DestroyError(LocalCloudError):
    """Resources could not be removed; the message names each with its cause."""


class NotRunningError(LocalCloudError):
    """A command needs `make local`, which is not running."""


class UsageError(LocalCloudError):
    """A command was given something that it cannot use."""
