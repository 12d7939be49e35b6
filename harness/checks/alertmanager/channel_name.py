"""See ChannelName."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity

_CHANNEL = re.compile(r"[#@].+|[CDGU][A-Z0-9]{8,}|.*[{$].*")


class ChannelName(Check):
    """A Slack channel without its `#`: Slack answers `channel_not_found`, and nobody is told.

    Why: a name alone is taken for a user or an id. Bad: `channel: alerts`. Good: `channel: '#alerts'`; mind the quotes,
    `#` begins a comment in YAML. Fix: write `'#…'`.
    """

    severity, subject = Severity.WARNING, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look at every Slack integration."""
        for receiver in alertmanager.receivers:
            for integration in receiver.integrations:
                channel = integration.view.text("channel") if integration.kind == "slack" else ""
                if channel and not _CHANNEL.fullmatch(channel):
                    message = f"{channel} is no channel: write '#{channel}' or '@{channel}'"
                    yield self.finding(integration.view.at("channel"), message)
