"""The stdin input: takes an event of each line of the standard input."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {"codec": Option("codec", "line"), "ecs_compatibility": Option()}
