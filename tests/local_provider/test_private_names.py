"""Private names of Pulumi's SDK and of MiniStack: an upgrade that moves one fails here with the name."""

from __future__ import annotations

import pytest

from local_provider import pulumi_names
from local_provider.private_names import PrivateNameError, PrivateNames
from localcloud import ministack_names


@pytest.mark.parametrize("path", list(ministack_names.PURPOSES))
def test_ministack_has_every_name_that_is_needed(path: str) -> None:
    ministack_names.find(path)


def test_pulumi_has_every_name_that_is_needed() -> None:
    """The names are looked up when the module is imported."""
    with pulumi_names.restored_settings():
        assert len(pulumi_names.NAMES.purposes) >= 10


@pytest.mark.parametrize("path", ["pulumi._types:no_such_name", "pulumi.no_such_module:name"])
def test_a_name_that_moved_is_named_with_its_purpose_and_the_last_version_that_had_it(path: str) -> None:
    names = PrivateNames("pulumi", tried_on="3.1.0")
    with pytest.raises(PrivateNameError, match=rf"has no {path}, which is needed to run.* there in pulumi 3\.1\.0"):
        names.find(path, "run programs")
