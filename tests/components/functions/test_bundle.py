"""Archives hold the runtime, and are the same wherever and whenever they are built."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
from async_download import bundle
from async_download.bundle import PAGE
from async_download.functions import ALL_FUNCTIONS, FUNCTIONS

from tests.components.support.harness import REPOSITORY, Deployment


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}", encoding="utf-8")
    return folder


def keys(folder: Path) -> list[str]:
    return list(bundle.sources(folder))


def test_only_the_runtime_itself_is_packed(tmp_path: Path) -> None:
    clean = write(tmp_path / "clean", "__init__.py", "handlers/copy.py")
    strays = ["__pycache__/copy.py", "handlers/__pycache__/x.py", "tests/test_copy.py", "test_a.py", "conftest.py"]
    strays += [".hidden.py", ".venv/lib.py", "notes.md", "handlers/copy.pyc"]
    dirty = write(tmp_path / "dirty", "__init__.py", "handlers/copy.py", *strays)
    assert keys(dirty) == keys(clean) == ["runtime/__init__.py", "runtime/handlers/copy.py"]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_files_on_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    listed = sorted(write(tmp_path, "z.py", "b/c.py", "a.py").rglob("*.py"), reverse=backwards)
    monkeypatch.setattr(Path, "rglob", lambda *_: iter(listed))
    assert keys(tmp_path) == ["runtime/a.py", "runtime/b/c.py", "runtime/z.py"]


def test_the_files_of_the_archive_are_read_from_where_they_are(tmp_path: Path) -> None:
    archive = bundle.runtime_archive("copy", write(tmp_path, "handlers/copy.py"))
    asset = archive.assets["runtime/handlers/copy.py"]
    assert isinstance(asset, pulumi.FileAsset)
    assert Path(str(asset.path)) == tmp_path / "handlers" / "copy.py"


def test_the_origins_are_in_the_archives_of_those_that_read_them_and_of_no_other(deployment: Deployment) -> None:
    functions = {
        item.inputs["handler"].split(".")[2]: item.inputs
        for item in deployment.resources_of("lambda/function:Function")
    }
    files = {
        key: set(inputs["code"].assets) - set(bundle.runtime_archive(key).assets) for key, inputs in functions.items()
    }
    named = {key: inputs["environment"]["variables"].get("ORIGINS_FILE") for key, inputs in functions.items()}
    readers = {"copy", "copy_slice", "request_download"}
    assert {key: names for key, names in files.items() if names} == {key: {"origins.json"} for key in readers}
    assert {key: name for key, name in named.items() if name} == dict.fromkeys(readers, "origins.json")
    contents = {functions[key]["code"].assets["origins.json"].text for key in readers}
    assert contents == {'{"reports":{"base_url":"https://reports.example.com/exports/"}}'}


def test_a_function_holds_its_own_handler_and_no_other(deployment: Deployment) -> None:
    for function in deployment.resources_of("lambda/function:Function"):
        names = function.inputs["code"].assets
        handlers = {name for name in names if re.search(r"/handlers/(?!__|boundary|shared/)", name)}
        assert handlers == {f"runtime/handlers/{function.inputs['handler'].split('.')[2]}.py"}


IMPORT_EACH = """
import importlib, json, os, sys
import botocore.session  # once, since it takes most of the time of an import
for key in sys.argv[1:]:
    sys.stdout.flush()
    if child := os.fork():
        if os.waitpid(child, 0)[1]:
            sys.exit(key)
        continue
    sys.path[0] = os.path.abspath(key)
    importlib.import_module("runtime.handlers." + key)
    files = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "runtime"]
    print(json.dumps([os.path.relpath(file, sys.path[0]) for file in files]))
    break
"""
"""Imports the handler of each function in a process of its own, from the folder with the function's name."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the files that the handler of each function loads from its archive, where nothing else of ours is."""
    folder = tmp_path_factory.mktemp("archives")
    for key in FUNCTIONS:
        for name, asset in bundle.runtime_archive(key).assets.items():
            assert isinstance(asset, pulumi.FileAsset)
            (folder / key / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(asset.path, folder / key / name)
    command = [sys.executable, "-c", IMPORT_EACH, *FUNCTIONS]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {key: set(json.loads(line)) for key, line in zip(FUNCTIONS, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize("key", FUNCTIONS)
def test_an_archive_is_what_its_handler_loads(loaded: dict[str, set[str]], key: str) -> None:
    """All of it and no more."""
    assert loaded[key] == {name for name in bundle.runtime_archive(key).assets if name.startswith("runtime/")}


def test_whatever_is_imported_is_found_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "__init__.py", "a/__init__.py", "a/x.py", "a/y.py", "b.py", "c.py", "d.py", "e.py")
    (tmp_path / "b.py").write_text(
        "import json, runtime.c\nfrom runtime.a import x as z\nfrom . import e", encoding="utf-8"
    )
    (tmp_path / "c.py").write_text("def late() -> None:\n    from runtime import b", encoding="utf-8")
    modules = bundle.imported("runtime.b", bundle.sources(tmp_path))
    assert list(modules) == [f"runtime/{name}.py" for name in ("__init__", "a/__init__", "a/x", "b", "c")]


def test_the_page_goes_with_the_function_that_serves_it_and_with_no_other() -> None:
    packed = {key: set(bundle.runtime_archive(key).assets) for key in ALL_FUNCTIONS}
    page_files = {key: {name for name in names if name.startswith("client/")} for key, names in packed.items()}
    page = {f"client/web/{path.name}" for path in (REPOSITORY / "client" / "web").iterdir()}
    assert {key: names for key, names in page_files.items() if names} == {PAGE: page}
    assert "client/web/index.html" in page


def test_only_the_page_itself_is_packed(tmp_path: Path) -> None:
    write(tmp_path, "index.html", "b.js", "a.js", "s.css", "i.svg")
    write(tmp_path, "config.json", ".hidden.js", "notes.md", "node_modules/x.js", "app.js.map")
    names = ["a.js", "b.js", "i.svg", "index.html", "s.css"]
    assert list(bundle.page_files(tmp_path)) == [f"client/web/{name}" for name in names]


def test_an_installed_package_finds_the_runtime_inside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = write(tmp_path / "async_download" / "_runtime", "__init__.py").resolve()
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "async_download" / "bundle.py"))
    assert bundle.runtime_folder() == inside
    page = write(tmp_path / "async_download" / "_web", "index.html").resolve()
    assert bundle.page_folder() == page


def test_a_checkout_finds_the_runtime_of_the_repository() -> None:
    assert bundle.runtime_folder() == REPOSITORY / "runtime"


def test_a_missing_runtime_is_said_with_the_places_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "lib" / "async_download" / "bundle.py"))
    with pytest.raises(FileNotFoundError, match=r"_runtime.*reinstall"):
        bundle.runtime_folder()
    with pytest.raises(FileNotFoundError, match=r"_web.*reinstall"):
        bundle.page_folder()
