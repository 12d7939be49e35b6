"""The generator input: makes events for tests."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {
    "count": Option("number", 0),
    "ecs_compatibility": Option(),
    "lines": Option("array"),
    "message": Option(default="Hello world!"),
    "threads": Option("number", 1),
}
