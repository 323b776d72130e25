"""Items as the last release without `schemaVersion` wrote them, on the emulator, with the tickets of their clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runtime.models import Status

UNVERSIONED: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
"""Name -> `item`, and of downloads `ticket`."""
DOWNLOADS = {name: entry for name, entry in UNVERSIONED.items() if "ticket" in entry}
STATUSES = {"sliced": Status.COPYING} | {status.lower(): status for status in Status}
"""Names of the downloads -> status."""
