"""A cloud and a stack of Pulumi's engine that the tests of a module share; each test restores its state."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pulumi import automation

from integration_tests.conftest import keep_on_failure
from integration_tests.support.clouds import Cloud, Target, open_cloud
from integration_tests.support.engines import pulumi_stack
from integration_tests.support.errors import MissingError
from integration_tests.support.settings import config_for, origins_for
from localcloud.origin import Origin

Config = dict[str, object]


@pytest.fixture(scope="module")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud of `--target`; each module has an emulator of its own, so that leftovers are found."""
    yield from _cloud(request, tmp_path_factory.mktemp("cloud"))


@pytest.fixture(scope="module")
def config(cloud: Cloud, origin: Origin, request: pytest.FixtureRequest) -> Iterator[Config]:
    """Settings of a stage with the suite's origin; REST is open to everyone except on AWS."""
    try:
        with origins_for(cloud, origin.base_url, request.config.getoption("--origin-url")) as origins:
            auth = "iam" if cloud.target is Target.AWS else "none"
            yield config_for(cloud, origins, {"auth.type": auth, "api.webPage": auth == "none"})  # a page cannot sign
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def empty(cloud: Cloud, config: Config, request: pytest.FixtureRequest) -> Iterator[automation.Stack]:
    """A stack without resources."""
    yield from _stack(cloud, config, request)


@pytest.fixture(scope="module")
def stage(cloud: Cloud, config: Config, request: pytest.FixtureRequest) -> Iterator[automation.Stack]:
    """A deployed stage."""
    for stack in _stack(cloud, config, request):
        stack.up()
        yield stack


@pytest.fixture
def lonely_cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    """The cloud of `--target`; the test has an emulator of its own."""
    yield from _cloud(request, tmp_path)


@pytest.fixture
def lonely(lonely_cloud: Cloud, origin: Origin, request: pytest.FixtureRequest) -> Iterator[automation.Stack]:
    """An empty stack, where possible in a cloud without others."""
    with origins_for(lonely_cloud, origin.base_url, request.config.getoption("--origin-url")) as origins:
        auth = "iam" if lonely_cloud.target is Target.AWS else "none"
        yield from _stack(lonely_cloud, config_for(lonely_cloud, origins, {"auth.type": auth}), request)


def _cloud(request: pytest.FixtureRequest, folder: Path) -> Iterator[Cloud]:
    target, account = request.config.getoption("--target"), request.config.getoption("--aws-account")
    try:
        with open_cloud(Target(target), folder=folder, account=account) as opened:
            yield opened
    except MissingError as missing:
        pytest.skip(str(missing))


def _stack(cloud: Cloud, config: Config, request: pytest.FixtureRequest) -> Iterator[automation.Stack]:
    try:
        with pulumi_stack(cloud, f"engine-{secrets.token_hex(3)}", config, keep_on_failure(request)) as stack:
            yield stack
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def runtime_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the runtime in another folder, which is deployed from there."""
    from async_download import bundle

    folder = tmp_path / "elsewhere" / "runtime"
    for inside, path in bundle.sources(bundle.runtime_folder()).items():
        target = folder.parent / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    monkeypatch.setattr(bundle, "runtime_folder", partial(Path, folder))
    return folder
