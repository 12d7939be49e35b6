"""See GivenTwice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity


class GivenTwice(Check):
    """A setting is given both as a value and as a file: Alertmanager does not load the configuration.

    Why: it cannot tell which is meant. Bad: `api_url` beside `api_url_file`. Good: one of them. Fix: remove the other.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for `X` beside `X_file` in `global` and in every integration."""
        whole: Any = alertmanager.tree.get("global")
        token, address = "slack_app_token", "slack_api_url"
        both = isinstance(whole, dict) and whole.get(token) and whole.get(address)
        # The exception is the address that takes such tokens, the way of before there was a setting for them.
        if both and "/api/chat.postMessage" not in str(whole[address]):
            place = alertmanager.tree.key_at("global", address)
            yield self.finding(place, f"{token} is given already, and {address} is another way to reach Slack")
        views = [alertmanager.tree.view["global"]]
        views += [integration.view for receiver in alertmanager.receivers for integration in receiver.integrations]
        for view in views:
            value = view.value
            for name in value if isinstance(value, dict) else ():
                if f"{name}_file" in value and value[name] not in (None, "") and value[f"{name}_file"]:
                    yield self.finding(view.key_at(f"{name}_file"), f"{name} is given already, at {view.at(name)}")
