"""Keys, tokens and headers with line breaks and other characters, and what is printed about them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from async_download_client import ApiKey, Bearer, Client, CredentialsError, Iam, NetworkError, cli
from async_download_client.auth import OutgoingRequest
from async_download_client.cli import commands

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import FakeStack
from client.tests.test_cli import COMMAND

pytestmark = [pytest.mark.security, pytest.mark.usefixtures("keep_signals")]
VARIABLES = {"ASYNC_DOWNLOAD_API_KEY": "x-api-key", "ASYNC_DOWNLOAD_TOKEN": "authorization"}
BAD = ["hid\nden", "hid\r\nden", "hid\r\n den", "hid\x1bden", "hid\x7fden", "hid\udcffden", "hidüden", "hid\u2028den"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides this machine's credentials."""
    for name in (*VARIABLES, "ASYNC_DOWNLOAD_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> int:
    """Run the command in this process and return its exit code."""
    try:
        return cli.main(arguments)
    except SystemExit as ended:
        return int(str(ended.code))


@pytest.mark.parametrize("ending", ["\n", "\r\n", " \n\n", "\r", ""])
@pytest.mark.parametrize("name", VARIABLES)
def test_a_line_break_after_a_secret_is_not_sent(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, name: str, ending: str
) -> None:
    monkeypatch.setenv(name, f"value{ending}")
    assert run("request", stack.api_url, "--path", "a") == 0
    assert stack.requests[0].headers[VARIABLES[name]].removeprefix("Bearer ") == "value"


@pytest.mark.parametrize("arguments", [("--api-key", "k\n"), ("--bearer", "k\r\n"), ("--header", "X-Api-Key: k\r\n")])
def test_a_line_break_after_an_option_is_not_sent(stack: FakeStack, arguments: tuple[str, str]) -> None:
    assert run("request", stack.api_url + "\n", "--path", "a", *arguments) == 0
    headers = stack.requests[0].headers
    assert "k" in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer "))


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("name", VARIABLES)
def test_other_characters_in_a_variable_are_refused_by_name(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, capfd: Capture, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert run("request", stack.api_url, "--path", "a") == 3
    out, err = capfd.readouterr()
    assert name in err
    assert len(err.splitlines()) == 1
    assert "hid" not in out + err
    assert stack.requests == []


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(("option", "prefix"), [("--api-key", ""), ("--bearer", ""), ("--header", "X-Key: ")])
def test_other_characters_in_an_option_are_refused_by_name(
    stack: FakeStack, capfd: Capture, option: str, prefix: str, value: str
) -> None:
    assert run("request", stack.api_url, "--path", "a", option, f"{prefix}{value}") == 2
    out, err = capfd.readouterr()
    assert f"argument {option}: " in err
    assert "hid" not in out + err
    assert stack.requests == []


@pytest.mark.parametrize("value", ["", "\n", " \r\n"])
@pytest.mark.parametrize("option", ["--api-key", "--bearer"])
def test_an_empty_option_is_refused(capfd: Capture, option: str, value: str) -> None:
    assert run("request", "https://x.example", option, value) == 2
    assert f"argument {option}: the value is empty" in capfd.readouterr().err


@pytest.mark.parametrize("value", ["\n", " \r\n", ""])
def test_an_empty_variable_counts_as_not_set(stack: FakeStack, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, value)
    assert run("request", stack.api_url, "--path", "a") == 0
    assert not {"x-api-key", "authorization"} & set(stack.requests[0].headers)


@pytest.mark.parametrize("value", BAD)
def test_the_library_refuses_them_too(stack: FakeStack, value: str) -> None:
    with pytest.raises(CredentialsError) as key:
        ApiKey(value)
    with pytest.raises(CredentialsError) as token:
        Bearer(value)
    with pytest.raises(CredentialsError) as header:
        Client(stack.api_url, headers={"X-Key": value})
    with (
        Client(stack.api_url, timing=QUICK, auth=Bearer(lambda: value)) as client,
        pytest.raises(CredentialsError) as call,
    ):
        client.request("a")
    assert not any("hid" in str(error.value) for error in (key, token, header, call))
    assert "X-Key" in str(header.value)
    with pytest.raises(CredentialsError):
        Client(stack.api_url, headers={"X Key: hidden": "value"})
    with pytest.raises(CredentialsError, match=r": the header connection is set by the downloader itself\.$"):
        Client(stack.api_url, headers={"connection": "close"})


def test_a_header_that_http_client_refuses_is_an_error_without_its_value(stack: FakeStack) -> None:
    class Custom:
        def headers(self, _: OutgoingRequest, /) -> Mapping[str, str]:
            return {"X-Key": "hid\nden"}

    with Client(stack.api_url, timing=QUICK, auth=Custom()) as client, pytest.raises(NetworkError) as refused:
        client.request("a")
    assert "hid" not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert refused.value.is_final


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_line_breaks_after_aws_credentials_are_not_signed(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, f"value{ending}")
    assert run("request", stack.api_url, "--path", "a", "--region", f"eu-west-1{ending}") == 0
    assert "Credential=value/" in stack.requests[0].headers["authorization"]
    assert stack.requests[0].headers["x-amz-security-token"] == "value"


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("value", ["hid\nden", "hid\udcffden", "hidüden"])
def test_aws_credentials_that_cannot_be_sent_are_refused_by_name(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, capfd: Capture, name: str, value: str
) -> None:
    for other in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(other, "value")
    monkeypatch.setenv(name, value)
    with pytest.raises(CredentialsError, match=name):
        Iam(region="eu-west-1").headers(OutgoingRequest("GET", stack.api_url, {}, None))
    assert run("request", stack.api_url, "--path", "a", "--region", "eu-west-1") == 3
    assert "hid" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key", "hidden", "get", "https://x.example"],
        ["get", "https://x.example", "-o", "x", "--api-kye", "hidden"],
        ["get", "https://x.example", "-o", "x", "--api-kye=hidden"],
        ["get", "https://x.example", "-o", "x", "--bearer", "a", "hidden", "--hidden=1"],
        ["get", "https://x.example", "-o", "x", "--iam=hidden"],
        ["get", "https://x.example", "-o", "x", "--p=hidden"],
        ["get", "https://user:hidden@x.example", "-o", "x"],
        ["get", "https://user:hidden\u2100@x.example", "-o", "x"],
        ["get", "https://[hidden", "-o", "x"],
        ["get", "https://x.example:hidden", "-o", "x"],
        ["completion", "hidden"],
        ["get", "https://x.example", "-o", "x", "--header", "X Key hidden"],
    ],
)
def test_messages_of_the_argument_parser_hold_no_values(arguments: list[str], capfd: Capture) -> None:
    assert run(*arguments) == 2
    message = capfd.readouterr().err.splitlines()[-1]
    assert "error: " in message
    assert "hidden" not in message.replace("--hidden", "")


def test_a_malformed_url_in_the_environment_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    for value in ("https://[hidden", "https://u:hidden@x.example", "hidden"):
        monkeypatch.setenv("ASYNC_DOWNLOAD_URL", value)
        assert run("status", "-") == 2
        err = capfd.readouterr().err
        assert "ASYNC_DOWNLOAD_URL" in err
        assert "hidden" not in err


def test_an_unexpected_error_is_a_line_without_the_text_of_the_exception(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("hidden https://x.example/?X-Amz-Signature=hidden")

    monkeypatch.setattr(commands, "run", fail)
    assert run("get", "https://x.example", "-o", "x", "--json") == 1
    out, err = capfd.readouterr()
    assert err.startswith("async-download: An unexpected LookupError in __init__.py, line ")
    assert err.endswith("[UNEXPECTED]\n")
    assert len(err.splitlines()) == 1
    assert '"exitCode": 1' in out
    assert "hidden" not in out + err
    monkeypatch.setattr(cli, "make_parser", fail)
    assert run("get") == 1
    assert "Traceback" not in capfd.readouterr().err
    readme = Path(__file__).parents[1] / "README.md"
    assert "## Report a fault" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--read-timeout", "--retry-for", "--timeout", "--limit-rate", "--parallel"])
@pytest.mark.parametrize(
    "value", ["1e300", "nan", "inf", "-inf", "-1", "0", "9" * 400, "1e-400", "1" + "0" * 5000, "99999999999G", "x", ""]
)
def test_numbers_beyond_the_limits_are_exit_code_2_with_the_range(capfd: Capture, option: str, value: str) -> None:
    assert run("get", "https://x.example", "-o", "x", f"{option}={value}") == 2
    assert re.search("up to|from 1 to 64", capfd.readouterr().err)


def test_a_read_timeout_of_more_than_a_day_is_refused_and_a_day_is_accepted(stack: FakeStack, capfd: Capture) -> None:
    assert run("request", stack.api_url, "--read-timeout", "99999999999") == 2
    assert "above 0 and up to 86,400" in capfd.readouterr().err
    assert run("request", stack.api_url, "--read-timeout", "86400", "--retry-for", "31536000") == 0
    assert run("request", stack.api_url, "--read-timeout", "86401") == 2
    with pytest.raises(ValueError, match="86,400"):
        Client(stack.api_url, timeout=1e300)


ASCII_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_in_an_ascii_locale_arguments_are_utf_8(stack: FakeStack, tmp_path: Path) -> None:
    arguments = ["get", stack.api_url, "--path", "ü/日", "--origin", "ö", "--file-name", "ä", "-o", "ü.bin", "--json"]
    ended = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=os.environ | ASCII_LOCALE,
    )
    assert ended.returncode == 0, ended.stderr
    assert '{"path": "\\u00fc/\\u65e5", "origin": "\\u00f6", "fileName": "\\u00e4"}' in stack.requests[0].body.decode()
    assert (tmp_path / "ü.bin").read_bytes() == stack.content


def test_in_an_ascii_locale_other_bytes_are_refused_with_the_locale(stack: FakeStack) -> None:
    command = [os.fsencode(word) for word in [*COMMAND, "request", stack.api_url, "--path"]]
    ended = subprocess.run(
        [*command, b"\xfc"], capture_output=True, timeout=60, check=False, env=os.environ | ASCII_LOCALE
    )
    assert ended.returncode == 2
    assert b"ascii, the encoding of the locale" in ended.stderr
    assert stack.requests == []
