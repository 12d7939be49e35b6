"""See ElasticsearchDown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class ElasticsearchDown(UnderFault):
    """No line is lost or stored twice when Elasticsearch is gone for half a minute.

    Why: upgrades and crashes of the store are ordinary, and the lines of that time are the ones that explain
    them. How measured: Elasticsearch is killed with SIGKILL in the middle of writing and is back after 30 s;
    every line has an id of its own, and each is looked for in the indices. How to fix: retry for ever with a
    bounded interval, and let Filebeat wait meanwhile.
    """

    fault = "elasticsearch-down"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether it was away long enough, and missed."""
        if what["down_seconds"] < 30:
            return f"Elasticsearch was away for {what['down_seconds']:g} s only"
        return "" if what["retried"] else "nothing was to be stored while it was away"
