"""Errors of the embedded engine.

EngineError
├── DeployError    a resource was refused or could not be created
└── DestroyError   a resource could not be removed
"""

__all__ = ["DeployError", "DestroyError", "EngineError"]


class EngineError(Exception):
    """A deployment or its removal failed; the message is for the user, without a traceback."""


class DeployError(EngineError):
    """A resource was refused or could not be created; the message names its type, its name and the cause."""


class DestroyError(EngineError):
    """Resources could not be removed; the message names each with its cause."""
