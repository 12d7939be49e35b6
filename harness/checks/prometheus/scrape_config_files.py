"""See ScrapeConfigFiles."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context, Documents
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Position, Severity


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
            for position, part in _included(main, files):
                for key in part.tree.value:
                    if key != "scrape_configs":
                        message = f"{part.file} holds {key}, not only scrape_configs"
                        yield self.finding(position, message, also=[part.tree.key_at(key)])
                for job in part.jobs:
                    first = jobs.setdefault(job.name, job)
                    if first.view.tree is not job.view.tree and job.name:
                        message = f"{part.file} has a job {job.name}, which is at {first.view.at('job_name')} already"
                        yield self.finding(position, message, also=[job.view.at("job_name")])


def _included(main: Prometheus, files: tuple[Prometheus, ...]) -> Iterator[tuple[Position, Prometheus]]:
    patterns = main.tree.get("scrape_config_files")
    for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(main.file), str(pattern)))
        for other in files:
            if other is not main and fnmatch.fnmatch(other.file, path):
                yield main.tree.at("scrape_config_files", index), other
