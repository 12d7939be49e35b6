"""See UndefinedVariable."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.documents.unknown import nearest
from harness.model import Finding

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:[:.][^}]*)?\}|([A-Za-z_]\w*))|\[\[([A-Za-z_]\w*)\]\]")
_BUILT_IN = {"timeFilter", "interval", "timezone"}


class UndefinedVariable(Check):
    """A query uses a variable that the dashboard does not define: it is sent as it stands, and matches nothing.

    Why: Grafana replaces only what it knows. Bad: `{route=~"$rout"}` with a variable `route`. Good: a defined one, or
    one of Grafana's own, such as `$__rate_interval`. Fix: correct the name, or define it.
    """

    subject = Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look up every variable of every query."""
        known = {variable.name for variable in dashboard.variables}
        for panel in dashboard.panels:
            for target in panel.targets:
                for used in _VARIABLE.finditer(target.expr):
                    name = used[1] or used[2] or used[3]
                    if name in known or name.startswith("__") or name in _BUILT_IN:
                        continue
                    place = target.inside(used.start(), len(used[0]))
                    yield self.finding(place, f"the dashboard has no variable {name}{nearest(name, known)}")
