"""Archives of the functions: files of the runtime only, so that the same sources give the same archive.

A function gets its handler and the modules that it imports: a changed file changes only the functions that use it. The
function `web_page` gets the page too, and functions that read origins get a file of them.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pulumi

from async_download.names import FunctionName

ROOT = "runtime"  # handlers import `runtime.…` in Lambda as they do in tests
PAGE: FunctionName = "web_page"
PAGE_ROOT = "client/web"  # as in the repository
PAGE_KINDS = frozenset({".css", ".html", ".js", ".svg"})
IGNORED_FOLDERS = frozenset({"__pycache__", "tests"})


def runtime_folder() -> Path:
    """Return the folder of the runtime: in an installed package, or beside the component in its repository."""
    return _folder("runtime", "_runtime", ROOT)


def page_folder() -> Path:
    """Return the folder of the web page: in an installed package, or in the repository."""
    return _folder("web page", "_web", PAGE_ROOT)


def sources(folder: Path) -> dict[str, Path]:
    """Return files by their sorted paths in the archive, without tests and caches."""
    paths = {path.relative_to(folder): path for path in folder.rglob("*.py") if path.is_file()}
    return {f"{ROOT}/{inside.as_posix()}": paths[inside] for inside in sorted(paths) if _belongs(inside)}


def runtime_archive(
    key: str, folder: Path | None = None, *, texts: Mapping[str, str] | None = None
) -> pulumi.AssetArchive:
    """Return the archive of a function; `texts` maps paths of further files to their content."""
    files = imported(f"{ROOT}.handlers.{key}", sources(folder or runtime_folder()))
    files |= page_files(page_folder()) if key == PAGE else {}
    assets: dict[str, pulumi.Asset | pulumi.Archive] = {
        name: pulumi.FileAsset(str(path)) for name, path in files.items()
    }
    return pulumi.AssetArchive(assets | {name: pulumi.StringAsset(text) for name, text in (texts or {}).items()})


def imported(module: str, files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files of a module, of its packages, and of all modules that it imports, in the order of `files`."""
    reached: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop().replace(".", "/")
        for path in {f"{name}.py", f"{name}/__init__.py"} & files.keys() - reached:
            reached.add(path)
            todo += [*_imports(files[path]), name.rpartition("/")[0]]
    return {path: files[path] for path in files if path in reached}


def page_files(folder: Path) -> dict[str, Path]:
    """Return the files of the web page by their sorted paths in the archive."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in PAGE_KINDS and _belongs(Path(path.name)))
    return {f"{PAGE_ROOT}/{path.name}": path for path in paths}


@cache
def _imports(file: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _folder(content: str, installed: str, checked_out: str) -> Path:
    here = Path(__file__).resolve().parent
    candidates = (here / installed, here.parents[1] / checked_out)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"The {content} is in none of {', '.join(map(str, candidates))}: reinstall async-download.")


def _belongs(inside: Path) -> bool:
    folders = inside.parts[:-1]
    hidden = any(part.startswith(".") for part in inside.parts)
    test = inside.name.startswith("test_") or inside.name == "conftest.py"
    return not (hidden or test or IGNORED_FOLDERS.intersection(folders))
