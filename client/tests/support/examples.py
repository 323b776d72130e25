"""Number of examples of the random tests, of which `make test-downloader` draws all."""

from __future__ import annotations

import os


def some(examples: int) -> int:
    """Return an eighth of the examples with pytest's option `--examples few`, else all."""
    return examples // 8 if os.environ.get("TEST_EXAMPLES") == "few" else examples
