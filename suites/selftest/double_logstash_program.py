"""Plays `bin/logstash --path.settings DIR` by our own interpreter, with a difference where a test asks for one.

A double, and no level of proof: it shows that the comparison notices, not that Logstash agrees. A word names what it
does wrong.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from harness.pipeline_comparison.rehearsal import rehearse
from suites.selftest.running import PROJECT


def install(folder: Path, fault: str = "") -> Path:
    """A program that is the double with that fault, where a distribution has it; returns the distribution's folder."""
    program = folder / "bin" / "logstash"
    program.parent.mkdir(parents=True)
    lines = [
        f"#!{sys.executable}",
        "import sys",
        f"sys.path.insert(0, {str(PROJECT)!r})",
        "from suites.selftest.double_logstash_program import main",
        f"sys.exit(main(sys.argv[1:], {fault!r}))",
    ]
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def main(arguments: list[str], fault: str) -> int:
    """Play what is arranged; the status that Logstash would end with."""
    settings = Path(arguments[arguments.index("--path.settings") + 1])
    told = yaml.safe_load((settings / "logstash.yml").read_text(encoding="utf-8"))
    if os.geteuid() == 0 and not told.get("allow_superuser"):
        sys.stdout.write("[FATAL] Logstash cannot be run as superuser.\n")
        return 1
    if fault == "dies":
        sys.stdout.write("[FATAL][logstash.runner] An unexpected error occurred!\n")
        return 1
    if fault == "status":
        return 137
    folder = settings.parent
    rehearse(folder, dict(os.environ), lambda event: seeded(event, fault))
    for name in ("read", "all") if fault == "refuses" else ():
        (folder / "out" / f"group-0.{name}").unlink()
        sys.stdout.write("[ERROR][logstash.agent] Failed to execute action {:id=>:group-0} Expected one of input\n")
    if fault == "routes":
        shutil.move(folder / "out" / "group-0.0", folder / "out" / "group-0.1")
    return 1 if fault == "refuses" else 0


def seeded(event: dict[str, Any], fault: str) -> dict[str, Any]:
    """An event as the faulty Logstash would make it."""
    if fault == "type" and "severity" in event:
        return {**event, "severity": str(event["severity"])}
    if fault == "field":
        return {**event, "added": True}
    if fault == "lost":
        return {name: value for name, value in event.items() if name != "environment"}
    if fault == "metadata":
        own = event["__harness"]
        return {**event, "__harness": {**own, "metadata": {**own["metadata"], "target": "elsewhere"}}}
    if fault == "rendered":
        own = event["__harness"]
        rendered = {number: dict.fromkeys(options, "x") for number, options in own["outputs"].items()}
        return {**event, "__harness": {**own, "outputs": rendered}}
    return event
