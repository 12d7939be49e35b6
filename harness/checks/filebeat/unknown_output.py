"""See UnknownOutput."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.deployment import services
from harness.documents.filebeat import Filebeat
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash.ast import Number, PluginNode, Text
from harness.model import Finding, Position


class UnknownOutput(Check):
    """Filebeat sends to a host or port where no service listens.

    Why: it retries for ever and the lines wait on disk until it is full. Bad: `hosts: ["logstash:5055"]` with a beats
    input on 5044. Good: service name and the input's port. Fix: make both sides agree.
    """

    subject = Filebeat

    def examine(self, filebeat: Filebeat, context: Context) -> Iterable[Finding]:
        """Look up host and port of the output."""
        known = services(context.documents)
        inputs = _beats_ports(context)
        for output in filebeat.outputs:
            for host, position in output.hosts:
                name, _, port = host.rpartition("//")[2].partition(":")
                if "$" in host or not name:
                    continue
                if known and name not in known and "." not in name and name != "localhost":
                    hint = nearest(name, known)
                    yield self.finding(position, f"no service of the compose file is called {name}{hint}")
                elif output.kind == "logstash" and port.isdigit() and inputs and int(port) not in inputs:
                    listed = ", ".join(map(str, sorted(inputs)))
                    where = min(inputs.values())
                    yield self.finding(position, f"Logstash's beats input listens on {listed}", also=[where])


def _beats_ports(context: Context) -> dict[int, Position]:
    found: dict[int, Position] = {}
    for logstash in context.documents.of(Logstash):
        try:
            body = logstash.config.body("input")
        except HarnessError:
            return {}
        for plugin in body:
            if isinstance(plugin, PluginNode) and plugin.name in ("beats", "elastic_agent"):
                for attribute in plugin.attributes:
                    if attribute.name == "port" and isinstance(attribute.value, (Number, Text)):
                        text = str(attribute.value.value)
                        if not text.isdigit():
                            return {}
                        found[int(text)] = attribute.position
    return found
