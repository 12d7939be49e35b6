"""See IncompleteReceiver."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.alertmanager import Alertmanager
from harness.model import Finding, Severity

# What each integration cannot do without, as Alertmanager 0.31 demands it; alternatives are separated by a bar.
# A setting after a slash is the global one that stands in for it.
_NEEDS = {
    "slack": ("api_url|api_url_file|app_token|app_token_file/slack_api_url|slack_api_url_file|slack_app_token",),
    "email": ("to", "from/smtp_from", "smarthost/smtp_smarthost"),
    "pagerduty": ("routing_key|routing_key_file|service_key|service_key_file",),
    "webhook": ("url|url_file",),
    "opsgenie": ("api_key|api_key_file/opsgenie_api_key|opsgenie_api_key_file",),
    "victorops": ("routing_key", "api_key|api_key_file/victorops_api_key|victorops_api_key_file"),
    "pushover": ("user_key|user_key_file", "token|token_file"),
    "telegram": ("bot_token|bot_token_file/telegram_bot_token|telegram_bot_token_file", "chat_id|chat_id_file"),
    "discord": ("webhook_url|webhook_url_file",),
    "msteams": ("webhook_url|webhook_url_file",),
    "msteamsv2": ("webhook_url|webhook_url_file",),
    "rocketchat": (
        "token|token_file/rocketchat_token|rocketchat_token_file",
        "token_id|token_id_file/rocketchat_token_id|rocketchat_token_id_file",
    ),
    "wechat": ("api_secret|api_secret_file/wechat_api_secret|wechat_api_secret_file", "corp_id/wechat_api_corp_id"),
}


class IncompleteReceiver(Check):
    """A receiver lacks what its service needs to be reached: Alertmanager does not load the file.

    Why: nobody would be told. Bad: an email without `to`, Slack without any webhook. Good: given here or in
    `global`. Fix: add what is named.
    """

    severity, subject = Severity.FATAL, Alertmanager

    def examine(self, alertmanager: Alertmanager, context: Context) -> Iterable[Finding]:
        """Look for each needed setting in the integration, then in `global`."""
        everywhere = alertmanager.tree.get("global")
        everywhere = everywhere if isinstance(everywhere, dict) else {}
        for receiver in alertmanager.receivers:
            for integration in receiver.integrations:
                for need in _NEEDS.get(integration.kind, ()):
                    own, _, shared = need.partition("/")
                    given = any(integration.view.value.get(name) not in (None, "") for name in own.split("|"))
                    stood_in = any(everywhere.get(name) not in (None, "") for name in shared.split("|") if shared)
                    if not given and not stood_in:
                        wanted = " or ".join(own.split("|")[:2])
                        message = f"{integration.kind} of the receiver {receiver.name} has no {wanted}"
                        yield self.finding(integration.view.at(), message)
