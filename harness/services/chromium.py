"""A Chromium without a window, to look at pages with: driven over its DevTools protocol, on a profile of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.contracts import Http, Plan
from harness.model import Level

SERVICE = "chromium"
_QUIET = (
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
)


def plan(command: Sequence[str], port: int, folder: Path) -> Plan:
    """The browser of that command line, listening for instructions on a port of the loopback address."""
    folder.mkdir(parents=True, exist_ok=True)
    return Plan(
        name=SERVICE,
        service=SERVICE,
        argv=(*command, *_QUIET, f"--remote-debugging-port={port}", "about:blank"),
        ready=Http("/json/version"),
        level=Level.NATIVE,
        port=port,
        folder=folder,
    )
