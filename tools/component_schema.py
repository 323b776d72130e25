"""The component's schema, as programs in other languages see it, kept in components/schema.json: `make docs`."""

from __future__ import annotations

import json

from async_download.plugin import Plugin

from tools.readme_tables import TOP

PAGE = TOP / "components" / "schema.json"


def schema() -> str:
    """The schema as JSON. The version is left out: a release sets it."""
    described = json.loads(Plugin("0.0.0").schema or "{}")
    described.pop("version", None)
    return json.dumps(described, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PAGE.write_text(schema())
