"""Writes components/schema.json, the component's schema for programs in other languages: `make docs`."""

from __future__ import annotations

import json

from async_download.plugin import Plugin

from tools.readme_tables import TOP

PAGE = TOP / "components" / "schema.json"


def schema() -> str:
    """Return the schema as JSON, without the version, which a release sets."""
    content = json.loads(Plugin("0.0.0").schema or "{}")
    content.pop("version", None)
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PAGE.write_text(schema(), encoding="utf-8")
