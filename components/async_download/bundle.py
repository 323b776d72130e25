"""The functions' code: the runtime's own files and nothing else, so that the same sources give the same archive.

A function gets its own handler and all that handlers share: a changed handler changes one function.
"""

from pathlib import Path

import pulumi

from async_download.specs import FUNCTIONS

ROOT = "runtime"  # handlers import `runtime.…` in Lambda as they do in tests
IGNORED_FOLDERS = frozenset({"__pycache__", "tests"})


def runtime_folder() -> Path:
    """Where the runtime is: inside an installed package, or beside the component in its repository."""
    here = Path(__file__).resolve().parent
    candidates = (here / "_runtime", here.parents[1] / ROOT)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"The runtime is in none of {', '.join(map(str, candidates))}: reinstall async-download.")


def sources(folder: Path) -> dict[str, Path]:
    """Path in the archive -> file, sorted; tests and caches are left out."""
    found = {path.relative_to(folder): path for path in folder.rglob("*.py") if path.is_file()}
    return {f"{ROOT}/{inside.as_posix()}": found[inside] for inside in sorted(found) if _belongs(inside)}


def runtime_archive(key: str, folder: Path | None = None) -> pulumi.AssetArchive:
    """The archive that the function of a handler is made from."""
    files = sources(folder or runtime_folder())
    others = {f"{ROOT}/handlers/{other}.py" for other in FUNCTIONS if other != key}
    return pulumi.AssetArchive(
        {name: pulumi.FileAsset(str(path)) for name, path in files.items() if name not in others}
    )


def _belongs(inside: Path) -> bool:
    folders = inside.parts[:-1]
    hidden = any(part.startswith(".") for part in inside.parts)
    test = inside.name.startswith("test_") or inside.name == "conftest.py"
    return not (hidden or test or IGNORED_FOLDERS.intersection(folders))
