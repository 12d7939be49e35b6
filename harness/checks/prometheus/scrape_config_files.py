"""See ScrapeConfigFiles."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context, Documents
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity


class ScrapeConfigFiles(Check):
    """A file that `scrape_config_files` takes in does not fit: Prometheus refuses the configuration.

    Why: such a file holds `scrape_configs` and nothing else, and a job's name is the only one of all files.
    Bad: `global:` in it, or a job that the main file has too. Good: its own jobs. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Follow every pattern to the files there are, and compare their sections and jobs."""
        files = documents.of(Prometheus)
        for main in files:
            jobs = {job.name: job for job in main.jobs}
            for part in _included(main, files):
                for key in part.tree.value:
                    if key != "scrape_configs":
                        message = f"{main.file} takes this file in for its scrape_configs; {key} is refused"
                        yield self.finding(part.tree.key_at(key), message)
                for job in part.jobs:
                    first = jobs.setdefault(job.name, job)
                    if first is not job and first.view.tree is not job.view.tree and job.name:
                        also = [first.view.at("job_name")]
                        message = f"there is a job {job.name} already, at {also[0]}"
                        yield self.finding(job.view.at("job_name"), message, also=also)


def _included(main: Prometheus, files: tuple[Prometheus, ...]) -> Iterator[Prometheus]:
    patterns = main.tree.get("scrape_config_files")
    seen: set[str] = set()
    for pattern in patterns if isinstance(patterns, list) else ():
        path = posixpath.normpath(posixpath.join(posixpath.dirname(main.file), str(pattern)))
        for other in files:
            if other is not main and other.file not in seen and fnmatch.fnmatch(other.file, path):
                seen.add(other.file)
                yield other
