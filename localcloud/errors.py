"""Errors of the local cloud.

LocalCloudError
├── EmulatorError      the emulator did not start, or is gone
├── ConfigError        the stack's configuration breaks a rule of Pulumi.yaml
├── NotRunningError    a command needs `make local`, which is not running
└── UsageError         a command was given something that it cannot use
"""


class LocalCloudError(Exception):
    """Anything that the local cloud reports in one sentence, without a traceback."""


class EmulatorError(LocalCloudError):
    """The emulator did not start, or is gone; the message ends with the tail of its log."""


class ConfigError(LocalCloudError):
    """The stack's configuration breaks a rule of Pulumi.yaml; the message names the key."""


class NotRunningError(LocalCloudError):
    """A command needs `make local`, which is not running."""


class UsageError(LocalCloudError):
    """A command was given something that it cannot use."""
