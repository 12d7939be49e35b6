"""The operations of the mutate filter: each compiles the value of its option to functions of an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.languages.logstash.event import Event
from harness.languages.logstash.settings import Settings

Step = Callable[[Event], None]
Operation = Callable[[Settings, Any], list[Step]]
