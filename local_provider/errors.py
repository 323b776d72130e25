"""Errors of the stand-in provider, and of the embedded engine: its errors name the resource."""


class EngineError(Exception):
    """A deployment or its removal failed; the message is for the user, without a traceback."""


class DeployError(EngineError):
    """A resource was refused or could not be created; the message names its type, its name and the cause."""


class DestroyError(EngineError):
    """Resources could not be removed; the message names each with its cause."""


class UnsupportedError(Exception):
    """The stand-in has no such resource type, function or setting, or pulumi-aws has no such resource type."""


class LookupFailedError(Exception):
    """A function of the provider failed."""


class GoneError(Exception):
    """The resource does not exist; raised where the service itself answers without an error."""
