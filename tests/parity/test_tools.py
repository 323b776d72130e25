"""The implementations are built once for their pins, and what the machine lacks is said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from integration_tests.parity.servers import Server, ServerError, serving
from tools.parity import build, implementations
from tools.parity.implementations import IMPLEMENTATIONS, MOTO, VERSITYGW, GoProgram
from tools.parity.prerequisites import MissingPrerequisiteError, find_go, find_python

SERVER = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"


def interpreter(path: Path, answer: str) -> Path:
    """Write an executable that answers as an interpreter of a version does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its PATH; its interpreter is not of the wanted version."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PYTHON313", raising=False)
    monkeypatch.setattr(sys, "executable", str(interpreter(tmp_path / "own", "echo 3 11")))
    return tmp_path


def test_every_version_is_pinned() -> None:
    assert all(item.version for item in IMPLEMENTATIONS)
    assert all(pin.is_file() for item in IMPLEMENTATIONS for pin in item.pins)


def test_the_requirements_are_those_of_the_pins_with_hashes() -> None:
    for item in IMPLEMENTATIONS:
        if not isinstance(item, GoProgram):
            (requirements,) = item.pins
            lines = requirements.read_text(encoding="utf-8").splitlines()
            assert any(line.startswith(f"{item.package}=={item.version} ") for line in _bare(lines)), item.name
            assert sum("==" in line for line in lines) <= sum("--hash=sha256:" in line for line in lines)


def _bare(lines: list[str]) -> list[str]:
    """Return lines without extras: `moto[server]==1` as `moto==1`."""
    return [f"{line.partition('[')[0]}{line.partition(']')[2]}" if "[" in line else line for line in lines]


def test_a_python_is_found_behind_a_shim_that_does_not_work(machine: Path) -> None:
    interpreter(machine / "bin" / "python3.13", "exit 127")
    newest = interpreter(machine / "pyenv" / "versions" / "3.13.0" / "bin" / "python3.13", "echo 3 13")
    assert find_python() == str(newest)


def test_the_named_python_is_taken_or_refused(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(machine / "bin" / "python3.13", "echo 3 13")
    monkeypatch.setenv("PYTHON313", str(interpreter(machine / "named", "echo 3 12")))
    with pytest.raises(MissingPrerequisiteError, match="PYTHON313="):
        find_python()


def test_what_is_missing_is_said_with_the_remedy(machine: Path) -> None:
    with pytest.raises(MissingPrerequisiteError, match="PYTHON313="):
        find_python()
    with pytest.raises(MissingPrerequisiteError, match=r"go\.dev"):
        find_go(machine)


def test_a_go_that_is_too_old_is_said(machine: Path) -> None:
    interpreter(machine / "bin" / "go", "echo 'go.mod requires go >= 1.26' >&2; exit 1")
    with pytest.raises(MissingPrerequisiteError, match=r"requires go >= 1\.26"):
        find_go(machine)


def test_a_build_is_not_repeated_until_its_pins_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(implementations, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "_build_program", lambda program: interpreter(program.executable, "exit 0"))
    assert not build.is_ready(VERSITYGW)
    build.build(VERSITYGW)
    assert build.is_ready(VERSITYGW)
    monkeypatch.setattr(build, "_build_program", lambda _program: pytest.fail("it is built again"))
    build.build(VERSITYGW)
    monkeypatch.setattr(build, "_pins_hash", lambda _implementation: "others")
    assert not build.is_ready(VERSITYGW)


def test_what_the_machine_lacks_is_skipped_and_a_failing_build_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(implementations, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "IMPLEMENTATIONS", (MOTO,))
    monkeypatch.setattr(build, "find_python", lambda: (_ for _ in ()).throw(MissingPrerequisiteError("Install it.")))
    assert build.main() == 0
    assert capsys.readouterr().out == f"moto server {MOTO.version}: skipped. Install it.\n"
    monkeypatch.setattr(build, "find_python", lambda: sys.executable)
    monkeypatch.setattr(build, "UV", interpreter(tmp_path / "uv", "exit 3"))
    assert build.main() == 1
    assert "could not be built" in capsys.readouterr().out


def test_a_server_runs_in_a_folder_of_its_own_and_is_gone_afterwards() -> None:
    def command(server: Server) -> list[str]:
        return [sys.executable, "-c", SERVER, str(server.port)]

    with serving(command, prepare=lambda server: (server.folder / "file").touch()) as server:
        assert (server.folder / "file").exists()
        taken = server.port
    assert not server.folder.exists()
    with serving(command, port=taken) as again:
        assert again.port == taken, "nothing listens there any more"


def test_a_server_that_ends_is_an_error_with_its_log() -> None:
    with pytest.raises(ServerError, match="No such port"), serving(lambda _: ["sh", "-c", "echo No such port; exit 3"]):
        pass
