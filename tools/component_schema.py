"""Writes components/schema.json, the component's schema for programs in other languages: `make docs`."""

from __future__ import annotations

import json

from async_download.plugin import PACKAGE, Plugin

from tools.readme_tables import TOP
from tools.registry_pages import schema_examples
from tools.release.packages import publisher, repository_url

PAGE = TOP / "components" / "schema.json"


def schema() -> str:
    """Return the schema as JSON: that of the plugin, with examples and with what pyproject.toml says of its origin.

    It has no version: Pulumi's registry takes it from the tag.
    """
    content = json.loads(Plugin("0.0.0").schema or "{}")
    content.pop("version", None)
    component = content["resources"][f"{PACKAGE}:index:AsyncDownload"]
    component["description"] += "\n\n" + schema_examples()
    if url := repository_url():
        content |= {"homepage": url, "repository": url}
    if name := publisher():
        content["publisher"] = name
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PAGE.write_text(schema(), encoding="utf-8")
