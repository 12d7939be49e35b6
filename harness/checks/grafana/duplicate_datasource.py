"""See DuplicateDatasource."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.grafana import Datasource, Datasources
from harness.model import Finding


class DuplicateDatasource(Check):
    """Two datasources share a uid or a name, or both are the default: Grafana does not start.

    Why: provisioning fails as a whole. Bad: two with `uid: prometheus`. Good: one each. Fix: rename one.
    """

    subject = Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Compare the datasources of all files of one folder."""
        seen: dict[tuple[str, ...], Datasource] = {}
        for file in documents.of(Datasources):
            folder = posixpath.dirname(file.file)
            for source in file.datasources:
                default = "true" if source.view["isDefault"].value is True else ""
                organisation = source.view.text("orgId", "1")
                for field, value in (("uid", source.uid), ("name", source.name), ("isDefault", default)):
                    first = seen.setdefault((folder, organisation, field, value), source) if value else source
                    if first is not source:
                        what = "is the default already" if field == "isDefault" else f"has the {field} {value} already"
                        yield self.finding(source.at(field), f"{first.name} {what}", also=[first.at(field)])
