"""Private names of Pulumi's Python SDK, tried on pulumi 3.272.0.

`tests/local_provider/test_private_names.py` says which of them an upgrade has moved.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local_provider.private_names import PrivateNames

NAMES = PrivateNames("pulumi", tried_on="3.272.0")

property_names: Any = NAMES.find("pulumi._types:input_type_py_to_pulumi_names", "read the names of inputs")
property_types: Any = NAMES.find("pulumi._types:input_type_types", "read the types of inputs")
is_input_type: Any = NAMES.find("pulumi._types:is_input_type", "tell nested inputs from plain values")
resource_outputs: Any = NAMES.find("pulumi._types:resource_types", "read the outputs of a resource type")
run_in_stack: Any = NAMES.find("pulumi.runtime.stack:run_in_stack", "run a program as the engine does")
SIGNATURE_KEY: str = NAMES.find("pulumi.runtime.rpc:_special_sig_key", "tell assets and secrets from objects")
ASSET: str = NAMES.find("pulumi.runtime.rpc:_special_asset_sig", "tell assets from objects")
ARCHIVE: str = NAMES.find("pulumi.runtime.rpc:_special_archive_sig", "tell archives from objects")

_ContextProperty: Any = NAMES.find("pulumi._utils:ContextProperty", "find the settings of a run")
_Settings: Any = NAMES.find("pulumi.runtime.settings:Settings", "keep runs in one process apart")
_DEFAULT = "_ContextProperty__default"


def is_deprecated(getter: Any) -> bool:
    """Tell whether the getter of an input is marked as deprecated."""
    return hasattr(getter, "_pulumi_deprecated_callable")


@contextmanager
def restored_settings() -> Iterator[None]:
    """Restore the defaults that the SDK's settings keep for the whole process: the first value that was ever set."""
    properties = [value for value in vars(_Settings).values() if isinstance(value, _ContextProperty)]
    defaults = [(value, getattr(value, _DEFAULT)) for value in properties]
    assert defaults
    try:
        yield
    finally:
        for value, default in defaults:
            setattr(value, _DEFAULT, default)
