"""The null output: discards events."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {"codec": Option("codec", "plain")}
