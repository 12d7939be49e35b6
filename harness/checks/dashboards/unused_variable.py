"""See UnusedVariable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.dashboard import Dashboard
from harness.model import Finding, Severity


class UnusedVariable(Check):
    """A variable that nothing on the dashboard uses: choosing a value changes nothing.

    Why: the viewer believes to see one instance and sees all. Bad: `$instance` offered, no query with it. Good: used in
    each query it should narrow. Fix: use it, or remove it.
    """

    severity, subject = Severity.WARNING, Dashboard

    def examine(self, dashboard: Dashboard, context: Context) -> Iterable[Finding]:
        """Look for each variable in the whole file, outside of its own definition."""
        for variable in dashboard.variables:
            if variable.type in ("datasource", "adhoc", "system") or variable.view["hide"].value == 2:
                continue
            name = re.escape(variable.name)
            used = re.compile(rf"\$(?:\{{{name}[}}:.]|{name}\b)|\[\[{name}[\]:]|var-{name}=")
            own = json.dumps(variable.view.value)
            total = len(used.findall(json.dumps(dashboard.tree.value)))
            if variable.name and total <= len(used.findall(own)):
                yield self.finding(variable.at(), f"nothing uses ${variable.name}")
