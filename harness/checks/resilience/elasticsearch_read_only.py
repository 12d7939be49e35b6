"""See ElasticsearchReadOnly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checks.resilience.under_fault import UnderFault


class ElasticsearchReadOnly(UnderFault):
    """No line is lost or stored twice while Elasticsearch refuses writes.

    Why: a disk that fills up makes indices read-only; a pipeline that takes a refusal for final loses every
    line until somebody frees space. How measured: the index is blocked for writing (403
    cluster_block_exception), lines are written, the block is lifted; every line has an id of its own, and each
    is looked for in the indices. How to fix: retry refusals of this kind; send to the dead letters only what
    the document itself is to blame for.
    """

    fault = "elasticsearch-read-only"

    def ineffective(self, what: Mapping[str, Any]) -> str:
        """Whether writes were refused."""
        if what["settled_while_blocked"]:
            return f"{what['settled_while_blocked']} lines were stored in spite of the block"
        return "" if what["retried"] else "no write was refused"
