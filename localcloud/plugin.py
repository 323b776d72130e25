"""The stand-in provider as a plugin of the real engine: installed as `aws` into a Pulumi home of its own.

The shipped Pulumi*.yaml know nothing of it; without this home the official provider is used.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi.runtime.rpc as wire
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.aws import Aws
from localcloud.provider import AwsProvider

__all__ = ["install"]

_TOP = Path(__file__).resolve().parents[1]
_NOWHERE = "http://127.0.0.1:9"
"""Where it works when a stack's configuration names no endpoint: nothing listens there, so nothing real is touched."""


def install(pulumi_cli: Path, env: dict[str, str]) -> None:
    """Install the stand-in as the plugin `aws`, in the version of the installed pulumi-aws.

    Args:
        pulumi_cli: the `pulumi` command.
        env: its environment; PULUMI_HOME in it is where the plugin goes.

    Raises:
        subprocess.CalledProcessError: the CLI refused; its words are on the error.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "pulumi-resource-aws"
        interpreter, path = shlex.quote(sys.executable), shlex.quote(str(_TOP))
        program.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {interpreter} -m localcloud.plugin "$@"\n')
        program.chmod(0o755)
        packed = Path(folder) / "plugin.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(program, program.name)
        wanted = ["resource", "aws", version("pulumi-aws"), "--file", str(packed), "--reinstall"]
        command = [str(pulumi_cli), "plugin", "install", *wanted]
        subprocess.run(command, env=env, check=True, capture_output=True, text=True)


def _serve() -> None:
    _accept_hashes()
    server.main(sys.argv[1:], version("pulumi-aws"), AwsProvider(Aws(_NOWHERE)))


def _accept_hashes() -> None:
    """The engine sends what it kept of an archive or asset, its hash alone; the SDK wants its content."""
    unmarshal = PropertyValue.unmarshal

    def lenient(value: Any) -> PropertyValue:
        fields = value.struct_value.fields if value.WhichOneof("kind") == "struct_value" else {}
        signature = fields[wire._special_sig_key].string_value if wire._special_sig_key in fields else ""
        content = {"assets", "path", "text", "uri"} & set(fields)
        if signature in (wire._special_archive_sig, wire._special_asset_sig) and not content:
            return PropertyValue(fields["hash"].string_value)
        return unmarshal(value)

    PropertyValue.unmarshal = staticmethod(lenient)  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve()
