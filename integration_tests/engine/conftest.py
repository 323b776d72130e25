"""An emulator and a stack of Pulumi's own engine that the tests of a module share; every test leaves it as it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pulumi import automation

from integration_tests.support.clouds import Cloud, Target, open_cloud
from integration_tests.support.engines import pulumi_stack
from integration_tests.support.errors import MissingError
from integration_tests.support.settings import config_for, origins_for
from localcloud.origin import Origin

Config = dict[str, object]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator of its own, so that what is left behind can be seen."""
    with open_cloud(Target.EMULATOR, folder=tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


@pytest.fixture(scope="module")
def config(emulator: Cloud) -> Iterator[Config]:
    """Settings of a stage on the emulator, with our origin behind it."""
    with Origin() as origin, origins_for(emulator, origin.base_url, None) as origins:
        yield config_for(emulator, origins, restAuth="none")


@pytest.fixture
def empty(emulator: Cloud, config: Config) -> Iterator[automation.Stack]:
    """A stack that nothing was deployed to."""
    try:
        with pulumi_stack(emulator, _name(), config) as made:
            yield made
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def stage(emulator: Cloud, config: Config) -> Iterator[automation.Stack]:
    """A deployed stage."""
    try:
        with pulumi_stack(emulator, _name(), config) as made:
            made.up()
            yield made
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def runtime_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime in another place, as in another checkout; what is changed there is deployed."""
    from async_download import bundle

    folder = tmp_path / "elsewhere" / "runtime"
    for inside, path in bundle.sources(bundle.runtime_folder()).items():
        target = folder.parent / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    monkeypatch.setattr(bundle, "runtime_folder", partial(Path, folder))
    return folder


def _name() -> str:
    return f"engine-{secrets.token_hex(3)}"
