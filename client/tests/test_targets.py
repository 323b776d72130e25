"""Where the file goes: each row of the table in docs/downloading.md, and file systems that cannot do everything."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import struct
import subprocess
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from async_download_client import Client, FileError, NetworkError, StoppedError, StopSignal
from async_download_client.transfer import placing, state_files
from async_download_client.transfer.part_file import PartFile
from async_download_client.transfer.state_files import part_paths

from client.tests.conftest import Fetch
from client.tests.support.fake_stack import FakeStack, Fault
from client.tests.test_recipes import TEXT, environment

WaitFor = Callable[[Callable[[], object]], None]
ACCESS_LIST = "system.posix_acl_access"
LOCKED = "a superuser may write everything: run the tests as another user"


class Row(NamedTuple):
    """A row of the table of targets."""

    target: str
    setup: str
    output: str
    exit_code: str
    result: str
    rule: str


def read_rows() -> list[Row]:
    """Return the rows of the table, without the quotes of code."""
    lines = TEXT.split("<!-- targets -->")[1].split("<!-- /targets -->")[0].strip().splitlines()[2:]
    return [Row(*(re.sub(r"^`(.*)`$", r"\1", cell.strip()) for cell in line.strip("|").split("|"))) for line in lines]


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return mode, owner, and link or digest of each entry of a folder."""
    entries = {}
    for path in folder.iterdir():
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        entries[path.name] = (status.st_mode, status.st_uid, content)
    return entries


def run_row(row: Row, stack: FakeStack, folder: Path, log: Path) -> subprocess.CompletedProcess[str]:
    """Prepare a row's target in a shell and run the command, whose stderr goes to `log`."""
    get = f'async-download get "$API_URL" --path q3.csv -o {row.output}'
    script = f"""{{ {row.setup or ":"}
    }} || exit 99
    {get} 2> "$LOG" """
    command = ["bash", "-c", script]
    if "mount " in row.setup:
        command = ["unshare", "--mount", *command]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(stack) | {"LOG": str(log)},
        text=True,
        timeout=40,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("row", read_rows(), ids=lambda row: row.target)
def test_each_row_of_the_table_of_targets(stack: FakeStack, tmp_path: Path, row: Row, wait_for: WaitFor) -> None:
    """What existed stays what it is, but for the bytes of the row's file; nothing is left beside it."""
    folder, example, log = tmp_path / "run", tmp_path / "example", tmp_path / "log"
    skip_if_impossible(row, tmp_path)
    for path in (folder, example):
        path.mkdir()
    if not row.setup.endswith("&") and "mount " not in row.setup:
        subprocess.run(["bash", "-c", row.setup], cwd=example, check=True, timeout=20, stdin=subprocess.DEVNULL)
    ended = run_row(row, stack, folder, log)
    text = log.read_text(encoding="utf-8")
    assert str(ended.returncode) == row.exit_code, text + ended.stderr
    assert "Traceback" not in text + ended.stderr
    assert row.exit_code == "0" or text.strip().splitlines()[-1].startswith("async-download")
    result = row.result.replace("$name", "0" * 255)
    if result:
        wait_for(lambda: (folder / result).read_bytes() == stack.content)
    left, created = snapshot(folder), snapshot(example)
    for name, entry in created.items():
        kept = entry if name != result else (*entry[:2], left[name][2])
        assert left[name] == kept, name
    scratch = {"fifo", "copy", "head", "real"}
    assert set(left) - set(created) - scratch - {"q3.csv" if "mount " in row.setup else ""} <= {result}


def skip_if_impossible(row: Row, folder: Path) -> None:
    """Skip a row that needs a superuser, or more than this machine allows."""
    probes = {
        "mknod": "mknod probe c 1 3 && echo > probe",
        "chown": "touch probe && chown 54321 probe",
        "mount": "touch probe other && unshare --mount mount -o bind other probe",
    }
    for name, probe in probes.items():
        if name in row.setup:
            place = folder / name
            place.mkdir()
            ended = subprocess.run(["bash", "-c", probe], cwd=place, capture_output=True, text=True, check=False)
            if ended.returncode:
                pytest.skip(f"{ended.stderr.strip()}: run the tests as root on a file system with devices")


def test_the_table_has_the_expected_rows() -> None:
    assert len(read_rows()) >= 30
    assert {row.exit_code for row in read_rows()} == {"0", "2", "8"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o400, 0o666])
def test_a_mode_is_kept_and_the_part_file_is_private(client: Client, stack: FakeStack, target: Path, mode: int) -> None:
    if mode == 0o400 and os.geteuid() != 0:
        pytest.skip("only a superuser may write a file of mode 0400")
    target.write_text("old", encoding="utf-8")
    target.chmod(mode)
    modes: set[int] = set()
    client.get("q3.csv", target, on_event=lambda _: modes.update(map(mode_of, target.parent.glob("*.part*"))))
    assert modes == {0o600}
    assert (mode_of(target), target.read_bytes()) == (mode, stack.content)


def mode_of(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_that_becomes_private_is_private_while_it_is_resumed(
    client: Client, stack: FakeStack, target: Path
) -> None:
    stack.faults = [Fault(cut=100_000), *[Fault(status=503)] * 60]
    with pytest.raises(NetworkError):
        client.get("q3.csv", target)
    stack.faults = []
    target.write_text("old", encoding="utf-8")
    target.chmod(0o600)
    part = target.with_name("report.bin.part")
    modes: list[int] = []
    client.get("q3.csv", target, on_event=lambda event: modes.append(mode_of(part)) if event.name == "received" else 0)
    assert set(modes) == {0o600}
    assert mode_of(target) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only a superuser can give files to others: run the tests as root")
def test_the_owner_of_an_existing_file_is_kept(fetch: Fetch, target: Path) -> None:
    target.write_text("old", encoding="utf-8")
    os.chown(target, 12345, 23456)
    fetch()
    assert (target.stat().st_uid, target.stat().st_gid) == (12345, 23456)


@pytest.mark.skipif(os.geteuid() == 0, reason=LOCKED)
def test_a_file_of_mode_0400_is_refused_and_stays(client: Client, target: Path) -> None:
    target.write_text("old", encoding="utf-8")
    target.chmod(0o400)
    with pytest.raises(FileError, match="Permission denied"):
        client.get("q3.csv", target)
    assert target.read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason=LOCKED)
def test_a_file_in_a_read_only_folder_is_written_straight_and_a_new_one_refused(
    client: Client, stack: FakeStack, target: Path
) -> None:
    target.write_text("old" * 200_000, encoding="utf-8")
    target.parent.chmod(0o500)
    try:
        client.get("q3.csv", target)
        with pytest.raises(FileError, match="Permission denied"):
            client.get("q3.csv", target.with_name("new"))
    finally:
        target.parent.chmod(0o700)
    assert target.read_bytes() == stack.content
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_takes_no_new_files(
    client: Client, stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("async_download_client.transfer.journal.open_state_file", refuse)
    with pytest.raises(FileError, match="Read-only file system"):
        client.get("q3.csv", target)
    target.write_text("old" * 200_000, encoding="utf-8")
    client.get("q3.csv", target)
    assert target.read_bytes() == stack.content


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP])
@pytest.mark.parametrize("exists", [True, False])
def test_where_a_rename_fails_the_bytes_are_copied(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch, number: int, exists: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    if exists:
        target.write_text("old" * 200_000, encoding="utf-8")
    inode = target.stat().st_ino if exists else 0
    monkeypatch.setattr(Path, "replace", refuse)
    fetch()
    assert target.stat().st_ino == inode or not exists
    assert list(target.parent.iterdir()) == [target]


def test_a_file_with_an_access_list_keeps_it(fetch: Fetch, target: Path) -> None:
    """Without its list the file's group would get what the list's mask allows."""
    everyone, entries = 0xFFFFFFFF, b""
    for tag, permissions, user in [
        (1, 6, everyone),
        (2, 6, 1234),
        (4, 0, everyone),
        (16, 6, everyone),
        (32, 0, everyone),
    ]:
        entries += struct.pack("<HHI", tag, permissions, user)
    target.write_text("old", encoding="utf-8")
    try:
        os.setxattr(target, ACCESS_LIST, struct.pack("<I", 2) + entries)
    except (AttributeError, OSError) as error:
        pytest.skip(f"no access lists ({error}): run the tests on Linux with ext4, xfs or tmpfs")
    before = os.getxattr(target, ACCESS_LIST)
    fetch()
    assert os.getxattr(target, ACCESS_LIST) == before
    assert mode_of(target) == 0o660


def test_where_the_owner_cannot_be_kept_the_bytes_are_copied(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    inode = target.stat().st_ino
    monkeypatch.setattr(os, "fchmod", refuse)
    monkeypatch.setattr(os, "fchown", refuse)
    fetch()
    assert (target.stat().st_ino, mode_of(target)) == (inode, 0o640)


usage = namedtuple("usage", "total used free")


@pytest.mark.parametrize("answer", [OSError(errno.EOPNOTSUPP, "not supported"), OSError(errno.ENOSYS, "x"), (0, 0, 0)])
def test_a_file_system_that_does_not_tell_its_space_is_tried(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    def report_usage(_: object) -> usage:
        if isinstance(answer, OSError):
            raise answer
        return usage(*answer)

    monkeypatch.setattr(shutil, "disk_usage", report_usage)
    fetch()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_sync_is_accepted(fetch: Fetch, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    fetch(sync=True)


def test_a_disk_that_fails_to_sync_is_a_file_error(fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError, match="Input/output error"):
        fetch(sync=True)
    assert not target.exists()


@pytest.mark.parametrize("sync", [True, False])
def test_the_file_and_its_name_are_synced_where_that_is_asked_for(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch, sync: bool
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink()))
    fetch(sync=sync)
    assert synced == ([target.with_name(f"{target.name}.part"), target.parent] if sync else [])


@pytest.mark.parametrize("length", [240, 245, 246, 250, 251, 255])
@pytest.mark.parametrize("letter", ["x", "ü"])
def test_long_names_are_written_resumed_and_leave_nothing(
    client: Client, stack: FakeStack, tmp_path: Path, length: int, letter: str
) -> None:
    name = letter * (length // len(letter.encode()))
    name += "x" * (length - len(name.encode()))
    target = tmp_path / name
    stack.faults = [Fault(cut=100_000), *[Fault(status=503)] * 60]
    with pytest.raises(NetworkError):
        client.get("q3.csv", target)
    stack.faults = []
    stack.requests.clear()
    client.get("q3.csv", target)
    assert stack.gets("/s3/")[0].headers["range"] == "bytes=100000-299999"
    assert target.read_bytes() == stack.content
    assert list(tmp_path.iterdir()) == [target]


def test_long_names_with_the_same_start_have_different_part_files(tmp_path: Path) -> None:
    first, second = (part_paths(tmp_path / ("x" * 254 + end))[0] for end in "ab")
    assert first != second


def test_a_file_system_with_shorter_names_than_it_says(
    client: Client, stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, real_open = tmp_path / ("x" * 140), os.open

    def open_short(path: Any, *arguments: Any, **options: Any) -> int:
        if len(Path(path).name) > 143:
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_short)
    client.get("q3.csv", target)
    assert target.read_bytes() == stack.content
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["", ".", "..", "q3.csv/", "q3.csv/.", "a\0b", "\ud800", "x" * 300])
def test_names_that_cannot_be_of_a_file_are_file_errors(
    client: Client, stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError):
        client.get("q3.csv", name)
    assert stack.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [" ", "-", "\u00fc", "a\nb", "...", os.fsdecode(b"\xff")])
def test_odd_names_are_names(
    client: Client, stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    client.get("q3.csv", name)
    assert (tmp_path / name).read_bytes() == stack.content


def test_a_target_that_becomes_a_link_meanwhile_is_not_replaced(
    fetch: Fetch, target: Path, stack: FakeStack, tmp_path: Path
) -> None:
    def replace_target() -> None:
        if not target.is_symlink():
            target.symlink_to(tmp_path / "precious")

    stack.on_get = replace_target
    with pytest.raises(FileError, match="was replaced"):
        fetch()
    assert target.is_symlink()
    assert not (tmp_path / "precious").exists()


def test_a_part_file_that_becomes_a_link_before_it_is_opened_is_not_followed(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, precious = target.with_name("report.bin.part"), tmp_path / "precious"
    precious.write_text("old", encoding="utf-8")
    part.symlink_to(precious)
    monkeypatch.setattr(state_files, "check_state_file", lambda *_: None)
    with pytest.raises(OSError, match="symbolic links"):
        state_files.open_state_file(part, 0o600)
    assert precious.read_text(encoding="utf-8") == "old"


def test_files_that_all_belong_to_one_user_are_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system whose files belong to nobody, ours do too."""
    path = tmp_path / "q3.csv.part"
    os.close(state_files.open_state_file(path, 0o600))
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    os.close(state_files.open_state_file(path, 0o600))
    assert list(tmp_path.iterdir()) == [path]


def test_a_fifo_without_a_reader_is_waited_for_until_the_stop(client: Client, tmp_path: Path) -> None:
    fifo, stop = tmp_path / "fifo", StopSignal()
    os.mkfifo(fifo)
    stop.set()
    with pytest.raises(StoppedError):
        client.get("q3.csv", fifo, stop=stop)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_two_links_to_one_file_share_its_lock(client: Client, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).symlink_to("real")
    with PartFile(tmp_path / "real"), pytest.raises(FileError, match="another download"):
        client.get("q3.csv", tmp_path / "a")


def test_placing_refuses_a_part_file_that_was_replaced(target: Path, tmp_path: Path) -> None:
    part = target.with_name("report.bin.part")
    part.symlink_to(tmp_path / "precious")
    with pytest.raises(FileError, match="is a link"):
        placing.place(part, target, target.parent.stat(), durable=False)
    assert not target.exists()


def test_the_part_file_of_another_download_is_not_taken(
    client: Client, stack: FakeStack, target: Path, tmp_path: Path
) -> None:
    """Another download has the name of our `.part` file as its target, and ends first."""
    part = target.with_name("report.bin.part")
    done: list[int] = []

    def end_other() -> None:
        if not done:
            done.append(1)
            (tmp_path / "other").write_bytes(bytes(300_000))
            (tmp_path / "other").replace(part)

    stack.on_get = end_other
    with pytest.raises(FileError, match="was replaced"):
        client.get("q3.csv", target)
    assert not target.exists()


def test_a_full_disk_is_noticed_before_the_old_bytes_are_overwritten(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", refuse)
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", fill)
        with pytest.raises(FileError, match="No space left"):
            fetch()
    assert target.read_text(encoding="utf-8") == "old"
    fetch()
