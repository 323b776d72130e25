"""The commands around a local stack: events, origins, what is printed, exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud import origins
from localcloud.__main__ import main
from localcloud.console import make_console
from localcloud.errors import NotRunningError, UsageError
from localcloud.invoke import Context, read_event
from localcloud.paths import FOLDER
from localcloud.signals import Stopped, stoppable
from localcloud.walkthrough import addresses, env_line, steps

OUTPUTS = {
    "apiUrl": "http://127.0.0.1:1/_aws/execute-api/a/v1",
    "downloadUrl": "http://127.0.0.1:1/_aws/execute-api/a/v1/download",
    "webSocketUrl": "ws://127.0.0.1:1/_aws/execute-api/b/v1",
    "webPageUrl": "http://127.0.0.1:2/",
    "downloadsTableName": "downloads-table",
    "connectionsTableName": "connections-table",
    "awsEndpoint": "http://127.0.0.1:1",
    "region": "us-east-1",
}
KEYS = {"accessKeyId": "LOCALKEY", "secretAccessKey": "LOCAL'SECRET"}


def test_an_event_is_read_and_changed(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text('{"a": {"b": "old", "c": 1}, "n": null}', encoding="utf-8")
    assert read_event(path, []) == {"a": {"b": "old", "c": 1}, "n": None}
    changed = read_event(path, ["a.b=new=er", "n.x=1", "y=2"])
    assert changed == {"a": {"b": "new=er", "c": 1}, "n": {"x": "1"}, "y": "2"}


def test_what_is_no_event_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_event(tmp_path / "none.json", [])
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="is not JSON"):
        read_event(tmp_path / "bad.json", [])
    (tmp_path / "good.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="'a' sets nothing"):
        read_event(tmp_path / "good.json", ["a"])


def test_a_function_sees_its_time_run_out() -> None:
    assert 59_000 < Context("f", "arn", "256", 60).get_remaining_time_in_millis() <= 60_000
    assert Context("f", "arn", "256", 0).get_remaining_time_in_millis() == 0


@pytest.mark.parametrize(
    ("url", "described"),
    [
        ("http://127.0.0.1:9000", {"baseUrl": "http://127.0.0.1:9000/", "allowHttp": True}),
        ("https://127.0.0.1:9000/a", {"baseUrl": "https://127.0.0.1:9000/a/", "allowHttp": False}),
        ("http://10.1.2.3/", {"baseUrl": "http://10.1.2.3/", "allowHttp": True, "allowPrivate": ["10.1.2.3/32"]}),
        ("http://[fd12::1]/", {"baseUrl": "http://[fd12::1]/", "allowHttp": True, "allowPrivate": ["fd12::1/128"]}),
    ],
)
def test_an_origin_of_the_users_own(url: str, described: dict[str, object]) -> None:
    assert origins.own_origin(url) == described | {"redirects": "any"}


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        *(
            (url, "has to be a URL like http://127.0.0.1:9000/")
            for url in (
                "127.0.0.1:9000",
                "ftp://h/",
                "http://",
                "http://127.0.0.1/?a=1",
                "http://127.0.0.1/#a",
                "http://127.0.0.1:99999/",
                "http://127.0.0.1:x/",
                "http://[::1/",
            )
        ),
        ("http://h\x00/", "cannot be found"),
        ("http://me:secret@127.0.0.1/", "must not have a user or password"),
        ("http://169.254.169.254/", "is link-local"),
        ("http://[fe80::1]/", "is link-local"),
    ],
)
def test_what_is_no_origin_is_told(url: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as raised:
        origins.own_origin(url)
    assert "secret" not in str(raised.value)


def test_make_passes_an_origin_on_as_it_is() -> None:
    """A shell would take `&` for the end of the command, and `;` for another one."""
    url = "http://127.0.0.1:9000/?a=1&b='2';echo $HOME"
    make = ["make", "--silent", "--old-file", "setup", "local", "RUN=echo", f"ORIGIN={url.replace('$', '$$')}"]
    done = subprocess.run(make, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"-m localcloud serve --origin {url}\n"


def test_the_walk_through_has_lines_to_paste() -> None:
    lines = [line for _, shown in steps(OUTPUTS, default_path=True) for line in shown]
    text = "\n".join(lines)
    assert f"curl -s '{OUTPUTS['downloadUrl']}'" in lines
    assert 'wscat -c "$(curl -s ' in text
    assert f"wscat -c {OUTPUTS['webSocketUrl']} -H X-Download-Ticket:TICKET -H X-StateMachine-ExecutionArn:" in text
    assert f"async-download get {OUTPUTS['apiUrl']} --path files/25MB" in text
    assert "http://127.0.0.1:2/?path=files/25MB" in lines
    assert 'eval "$(.venv/bin/python -m localcloud env)"' in lines
    assert f"aws --endpoint-url {OUTPUTS['awsEndpoint']} dynamodb scan --table-name downloads-table" in lines
    shown = dict(addresses(OUTPUTS | KEYS, Path())) | {"steps": "\n".join(str(steps(OUTPUTS | KEYS, True)))}
    assert [name for name, text in shown.items() if "LOCALKEY" in text or "LOCALSECRET" in text] == []
    assert dict(addresses(OUTPUTS, Path()))["WebSocket"] == OUTPUTS["webSocketUrl"]
    other = "\n".join(line for _, shown in steps(OUTPUTS, default_path=False) for line in shown)
    assert f"curl -s '{OUTPUTS['downloadUrl']}?path=FILE'" in other


def test_a_directory_of_the_users_own_is_named(tmp_path: Path) -> None:
    assert (
        env_line(tmp_path / "a b") == f"""eval "$(.venv/bin/python -m localcloud env --directory '{tmp_path}/a b')\""""
    )


def test_the_environment_is_for_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.shell_environment.read_running", lambda *_, **__: OUTPUTS | KEYS)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["env"]) == 0
    show = 'echo "$AWS_ENDPOINT_URL $AWS_REGION $AWS_DEFAULT_REGION $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"'
    unset = 'echo "${AWS_PROFILE-} ${AWS_SESSION_TOKEN-}"'
    env = {**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine"}
    ran = subprocess.run(
        ["sh", "-c", f'eval "$1"; {show}; {unset}', "sh", printed.getvalue()],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["http://127.0.0.1:1 us-east-1 us-east-1 LOCALKEY LOCAL'SECRET", " "]


def test_the_environment_lets_no_service_go_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("localcloud.shell_environment.read_running", lambda *_, **__: OUTPUTS | KEYS)
    redirecting = ("AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT")
    for name in redirecting:
        monkeypatch.setenv(name, "true")
    assert main(["env"]) == 0
    show = f"eval \"$1\"; env | grep -cE '^({'|'.join(redirecting)})='"
    ran = subprocess.run(["sh", "-c", show, "sh", capsys.readouterr().out], capture_output=True, text=True, check=False)
    assert ran.stdout == "0\n"


def test_a_width_of_0_hides_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    make_console(soft_wrap=True).print("Ready")
    assert capsys.readouterr().out == "Ready\n"


def test_an_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:

    def refuse(_: Path) -> Any:
        raise NotRunningError("Nothing runs.")

    monkeypatch.setattr("localcloud.tables.read_running", refuse)
    assert main(["tables"]) == 1
    assert capsys.readouterr() == ("", "error: Nothing runs.\n")


def test_characters_that_the_terminal_lacks_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Any:
        raise NotRunningError("Nothing runs in Köln …")

    stderr = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr("localcloud.tables.read_running", refuse)
    assert main(["tables"]) == 1
    stderr.flush()
    assert stderr.buffer.getvalue() == b"error: Nothing runs in K\\xf6ln \\u2026\n"


def test_the_configuration_of_another_pulumi_program_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS"):
        monkeypatch.setenv(name, "no JSON")
    monkeypatch.setattr("localcloud.tables.show_tables", lambda _: len({*os.environ} & {"PULUMI_CONFIG"}))
    assert main(["tables"]) == 0


def test_wrong_arguments_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["invoke", "deliver"])
    assert ended.value.code == 2
    assert "event" in capsys.readouterr().err


def test_the_demo_reads_its_own_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = SimpleNamespace(main=lambda argv: {"--size 1": 7}[" ".join(argv)])
    monkeypatch.setitem(sys.modules, "localcloud.demo", demo)
    assert main(["demo", "--size", "1"]) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_block_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    tidied = False

    def work() -> None:
        nonlocal tidied
        with stoppable():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                tidied = True

    with pytest.raises(Stopped):
        work()
    assert tidied
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """`nohup make local` outlives its terminal."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_launch_configurations_fit() -> None:
    """VS Code attaches to the port of `--debug`, and runs the unit tests with the options of `make test-unit`."""
    launch = json.loads((Path(__file__).parents[2] / ".vscode" / "launch.json").read_text(encoding="utf-8"))
    names = {entry["name"]: entry for entry in launch["configurations"]}
    assert names["Attach to handler"]["connect"] == {"host": "127.0.0.1", "port": 5678}
    assert names["Unit tests"]["args"] == ["tests", "client/tests"]
