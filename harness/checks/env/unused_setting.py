"""See UnusedSetting."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context, Documents
from harness.documents.configuration import Configuration
from harness.documents.env import Env
from harness.model import Finding, Severity


class UnusedSetting(Check):
    """The example environment names a setting that nothing reads.

    Why: somebody sets it and believes it has an effect. Bad: `SMPT_HOST=` beside `${SMTP_HOST}`.
    Good: every setting is used. Fix: correct the name on one side, or remove the line.
    """

    severity, subject = Severity.WARNING, Documents

    def examine(self, documents: Documents, context: Context) -> Iterable[Finding]:
        """Look for each name in every other file."""
        if not isinstance(documents, Configuration):
            return
        env_files = {env.file for env in documents.of(Env)}
        texts = [source.text for source in documents.sources if source.file not in env_files]
        # A compose file hands the whole file over with `env_file`, and then anything may read it.
        handed_over = any("env_file" in text for text in texts)
        for env in documents.of(Env) if texts and not handed_over else ():
            for setting in env.settings:
                own = setting.name.startswith("COMPOSE_")
                if not own and not any(setting.name in text for text in texts):
                    yield self.finding(setting.at, f"nothing reads {setting.name}")
