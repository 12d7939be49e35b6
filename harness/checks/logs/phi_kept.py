"""See PhiKept."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness.checks.logs.causes import pipeline
from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.logstash import Logstash
from harness.documents.pipeline_samples import processed
from harness.errors import HarnessError
from harness.model import Finding, Severity


class PhiKept(Check):
    """Protected health information of a sample line comes out of the pipeline.

    Why: what is in the index is read by people who must not see it, and cannot be taken back. The sample lines carry
    the catalog's PHI fields, and their values in texts too; none may come out.
    Bad: a redaction stage that forgets `ssn`. Good: removed, or replaced by a keyed fingerprint.
    Fix: remove the field or redact the text in the pipeline.
    """

    severity, subject = Severity.FATAL, Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Run the samples and look for each PHI field and its value."""
        catalog = Catalog.of(context.fixtures)
        if catalog is None:
            return
        secret = [name for name, field in catalog.fields.items() if field.phi]
        told = set()
        try:
            results = tuple(processed(logstash, context.fixtures))
        except HarnessError:
            return  # logs/field-dropped says so
        for result in results:
            texts = [json.dumps(event, ensure_ascii=False, default=str) for event in result.events]
            for name in secret:
                value = str(result.line.get(name) or "")
                kept = result.holds(name) or (value and any(value in text for text in texts))
                if kept and name not in told:
                    told.add(name)
                    yield self.finding(pipeline(context), f"{name} of a {result.kind} line gets through unredacted")
