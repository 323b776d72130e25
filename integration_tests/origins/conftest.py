"""The stack and the origins of the cases."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from integration_tests.origins import curl_wget
from integration_tests.origins.case import Case, OriginName
from integration_tests.origins.comparison import Comparison, Result, summary, table
from integration_tests.origins.raw_origin import RawOrigin, raw_origin
from integration_tests.support.clouds import Cloud, Target, cloud_with_unscaled_waits
from integration_tests.support.settings import config_for
from integration_tests.support.stack import Deploy, Stack
from tools import certificates

_RESULTS: list[Result] = []


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator whose waits last as long as on AWS, as `make local` starts it."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("Only an emulator of this machine can reach the raw origins: use --target emulator.")
    with cloud_with_unscaled_waits(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """The cases of the tests that run."""
    functions = [item for item in request.session.items if isinstance(item, pytest.Function)]
    values = [function.callspec.params.get("case") for function in functions if hasattr(function, "callspec")]
    by_name = {case.name: case for case in values if isinstance(case, Case)}
    return list(by_name.values())


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files with the certificate of the TLS origin and with its CA."""
    folder, root = tmp_path_factory.mktemp("tls"), certificates.ca("Internal root")
    ca_file = folder / "ca.pem"
    ca_file.write_text(root.pem, encoding="utf-8")
    return certificates.server(root, "127.0.0.1").write(folder / "server.pem"), ca_file


@pytest.fixture(scope="session")
def raw_origins(cases: list[Case], certificate_files: tuple[Path, Path]) -> Iterator[Mapping[OriginName, RawOrigin]]:
    """The servers of the cases."""
    with raw_origin(cases) as plain, raw_origin(cases, certificate_files[0]) as tls:
        yield {OriginName.PLAIN: plain, OriginName.SLASHES: plain, OriginName.TLS: tls}


@pytest.fixture(scope="session")
def ca_bundle(cloud: Cloud, certificate_files: tuple[Path, Path]) -> Iterator[str]:
    """ARN of the secret with the CA of the TLS origin."""
    manager, text = cloud.client("secretsmanager"), certificate_files[1].read_text(encoding="utf-8")
    arn = manager.create_secret(Name=f"async-download-e2e-{secrets.token_hex(4)}", SecretString=text)["ARN"]
    try:
        yield str(arn)
    finally:
        manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture(scope="session")
def origins_stack(
    cloud: Cloud, raw_origins: Mapping[OriginName, RawOrigin], ca_bundle: str, deploy: Deploy
) -> Iterator[Stack]:
    """A stack with these origins."""
    plain, tls = (raw_origins[name].base_url for name in (OriginName.PLAIN, OriginName.TLS))
    origins: dict[str, dict[str, object]] = {
        OriginName.PLAIN: {"baseUrl": plain, "allowHttp": True},
        OriginName.SLASHES: {"baseUrl": plain, "allowHttp": True, "encodedSlashes": True},
        OriginName.TLS: {"baseUrl": tls, "caBundle": ca_bundle},
    }
    with deploy("cases", config_for(cloud, origins, {"auth.type": "none", "copying.sliceThresholdMb": 64})) as stack:
        yield stack


@pytest.fixture(scope="session")
def results(
    origins_stack: Stack,
    raw_origins: Mapping[OriginName, RawOrigin],
    certificate_files: tuple[Path, Path],
    cases: list[Case],
) -> Mapping[str, Result]:
    """The results of all cases, by name."""
    _RESULTS.extend(Comparison(origins_stack, raw_origins, certificate_files[1]).run(cases))
    return {result.case.name: result for result in _RESULTS}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the results."""
    if not _RESULTS:
        return
    terminalreporter.section("origins")
    for line in (*table(_RESULTS), "", summary(_RESULTS)):
        terminalreporter.write_line(line)
    for name in sorted({*curl_wget.OPTIONS} - {*curl_wget.installed()}):
        terminalreporter.write_line(f"{name} is not installed, so nothing is compared with it: apt-get install {name}")
