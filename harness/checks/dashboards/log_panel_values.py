"""Every panel on Elasticsearch shows exactly what was written."""

from __future__ import annotations

from harness.checks.dashboards.panel_values import PanelValues


class LogPanelValues(PanelValues):
    """Every panel on Elasticsearch counts and lists exactly the lines that it is about.

    Why: an auditor believes what the audit dashboard says; a panel on another index, or with a filter that misses,
    shows plausible figures. How measured: the queries are sent as Grafana's Elasticsearch datasource builds them;
    every series' sum, its busiest buckets, every cell of a table and every listed line are compared with the lines
    as the backend wrote them, by the conditions of `fixtures/panels.yml`, without Lucene. How to fix: correct the
    index, query, field or bucket that the finding names.
    """

    logs = True
