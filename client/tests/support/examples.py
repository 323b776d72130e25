"""Number of examples of the random tests and of sweeps, of which `make test-unit EXAMPLES=all` draws all."""

from __future__ import annotations

import os


def some(examples: int, *, share: int = 8) -> int:
    """Return the number of examples divided by `share` with pytest's option `--examples few`, else all."""
    return examples // share if os.environ.get("TEST_EXAMPLES") == "few" else examples
