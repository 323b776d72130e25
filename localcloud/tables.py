"""`python -m localcloud tables`: print the items of a running stack, for machines without the aws command."""

from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console

from local_provider.aws import Aws
from localcloud.console import make_console
from localcloud.outputs_file import read_running
from localcloud.paths import WORD

_HASHES = "ticketHashes"


def show_tables(directory: Path = WORD, console: Console | None = None) -> int:
    """Print both tables of the stack of `make local`.

    Raises:
        NotRunningError: There is none.
    """
    console = console or make_console(soft_wrap=True)
    outputs = read_running(directory)
    client = Aws(outputs["awsEndpoint"], outputs["region"], outputs["accessKeyId"], outputs["secretAccessKey"]).client(
        "dynamodb"
    )
    for output in ("downloadsTableName", "connectionsTableName"):
        rows = [
            row for page in client.get_paginator("scan").paginate(TableName=outputs[output]) for row in page["Items"]
        ]
        console.print(f"{outputs[output]}: {len(rows)} row{'' if len(rows) == 1 else 's'}", style="bold")
        for row in rows:
            console.print(_text(row), markup=False)
    return 0


def _text(row: dict[str, Any]) -> str:
    values = {name: TypeDeserializer().deserialize(value) for name, value in row.items()}
    if _HASHES in values:
        values[_HASHES] = f"{len(values[_HASHES])} of them"
    return "\n".join(f"  {name:<15} {_shown(value)}" for name, value in sorted(values.items())) + "\n"


def _shown(value: object) -> str:
    return ", ".join(sorted(map(str, value))) if isinstance(value, set) else str(value)
