"""The cidr filter: acts on events with an address that lies in one of some networks."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from pathlib import Path

from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import template, text_of

OPTIONS: Options = {
    "address": Option("array", [], required=True),
    "network": Option("array", []),
    "network_path": Option(),
    "refresh_interval": Option("number", 600),
    "separator": Option("string", "\n"),
}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def build(settings: Settings) -> Apply:
    """Compile the filter. A file of networks is read once: the interpreter does not look for a newer one."""
    addresses = [template(text_of(one)) for one in settings["address"]]
    if settings["network_path"] is not None and settings["network"]:
        settings.refuse("network_path", "`network` and `network_path` exclude each other")
    networks = [template(text_of(one)) for one in settings["network"] or _of_file(settings)]
    matched = settings.matched

    def apply(event: Event) -> None:
        known = [_network(one) for written in networks for one in written(event).split(",")]
        for address in addresses:
            found = _network(address(event))
            if found is not None and any(_within(found, one) for one in known if one is not None):
                matched(event)
                return

    return apply


def _of_file(settings: Settings) -> list[str]:
    if settings["network_path"] is None:
        return []
    try:
        text = Path(settings["network_path"]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        settings.refuse("network_path", f"cannot read the networks: {error}")
    return [one for one in text.split(settings["separator"]) if one.strip()]


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    """A network, or an address as the network of itself; None for what is neither."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.network_address in outer
