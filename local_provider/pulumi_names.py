"""Private names of Pulumi's Python SDK, tried on pulumi 3.272.0.

`tests/local_provider/test_private_names.py` says which of them an upgrade has moved.
"""

from typing import Any

from local_provider.private_names import PrivateNames

NAMES = PrivateNames("pulumi", tried_on="3.272.0")

property_names: Any = NAMES.find("pulumi._types:input_type_py_to_pulumi_names", "read the names of inputs")
property_types: Any = NAMES.find("pulumi._types:input_type_types", "read the types of inputs")
is_input_type: Any = NAMES.find("pulumi._types:is_input_type", "tell nested inputs from plain values")
resource_outputs: Any = NAMES.find("pulumi._types:resource_types", "read the outputs of a resource type")
run_in_stack: Any = NAMES.find("pulumi.runtime.stack:run_in_stack", "run a program as the engine does")
MockMonitor: Any = NAMES.find("pulumi.runtime.mocks:MockMonitor", "receive registrations without an engine")
MockEngine: Any = NAMES.find("pulumi.runtime.mocks:MockEngine", "receive log messages without an engine")
SIGNATURE_KEY: str = NAMES.find("pulumi.runtime.rpc:_special_sig_key", "tell assets and secrets from objects")
ASSET: str = NAMES.find("pulumi.runtime.rpc:_special_asset_sig", "tell assets from objects")
ARCHIVE: str = NAMES.find("pulumi.runtime.rpc:_special_archive_sig", "tell archives from objects")
SECRET: str = NAMES.find("pulumi.runtime.rpc:_special_secret_sig", "tell secrets from objects")
UNKNOWN: str = NAMES.find("pulumi.runtime.rpc:UNKNOWN", "tell values that a preview cannot know")

_ContextProperty: Any = NAMES.find("pulumi._utils:ContextProperty", "find the settings of a run")
_DEFAULT = "_ContextProperty__default"
_DEPRECATED = "_pulumi_deprecated_callable"


def is_deprecated(getter: Any) -> bool:
    """Tell whether the getter of an input is marked as deprecated."""
    return hasattr(getter, _DEPRECATED)


def default_settings() -> dict[Any, Any]:
    """Return the defaults that the SDK's settings keep for the whole process: the first value that was ever set."""
    settings = NAMES.find("pulumi.runtime.settings:Settings", "keep runs in one process apart")
    properties = [value for value in vars(settings).values() if isinstance(value, _ContextProperty)]
    return {value: getattr(value, _DEFAULT) for value in properties}


def restore_settings(defaults: dict[Any, Any]) -> None:
    """Set the process-wide defaults of the SDK's settings."""
    for value, default in defaults.items():
        setattr(value, _DEFAULT, default)
