"""The component's wheel: it has all files that another program needs, and no others."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from integration_tests.support.pulumi_cli import TOP

UV = TOP / ".tools" / "bin" / "uv"
CARRIED = {"async_download/": "components/async_download", "async_download/_runtime/": "runtime"}
CARRIED |= {"async_download/_web/": "client/web"}


def test_it_carries_the_component_the_runtime_and_the_page(tmp_path: Path) -> None:
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path, TOP], check=True)
    (wheel,) = tmp_path.glob("async_download-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        prefix + path.relative_to(TOP / folder).as_posix(): path.read_bytes()
        for prefix, folder in CARRIED.items()
        for path in (TOP / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed.keys() == expected.keys()
    assert packed == expected
    assert {"async_download/_web/index.html", "async_download/_runtime/handlers/web_page.py"} <= packed.keys()
