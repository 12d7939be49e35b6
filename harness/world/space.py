"""Whether the disk has room for a world, asked before it is full: Elasticsearch stops writing, and says so nowhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import SetUpError

BYTES_PER_LINE = 1500
"""Of what is stored, what is merged meanwhile, and the copy of a line under way; measured are about 300 in the end."""
METRICS_BYTES = 500 * 1024**2
KEPT_FREE = 500 * 1024**2
FLOOD_STAGE = 0.95
"""Elasticsearch refuses writes to a disk that is this full (its default, and `elasticsearch.yml`'s)."""


def require_space(folder: Path, lines: int = 0) -> None:
    """Raise SetUpError when the disk of a folder has no room for so many lines more, or Elasticsearch would stop."""
    usage = shutil.disk_usage(folder)
    needed = KEPT_FREE + (METRICS_BYTES + lines * BYTES_PER_LINE if lines else 0)
    room = min(usage.free, int(usage.total * FLOOD_STAGE) - usage.used)
    if room < needed:
        raise SetUpError(
            f"the disk of {folder} is full: {_gigabytes(room)} can be used, {_gigabytes(needed)} are needed",
            hint="Make room, choose another place with HARNESS_CACHE, or build a smaller world: harness world --scale",
        )


def _gigabytes(count: int) -> str:
    return f"{max(0, count) / 1e9:.1f} GB"
