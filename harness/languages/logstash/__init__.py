"""The Logstash configuration language and an interpreter for its filters, without a JVM.

Pipeline.from_text('filter { json { source => "message" } }').process({"message": '{"a": 1}'})
"""

from harness.languages.logstash.pipeline import EventRefusedError, Pipeline
from harness.languages.logstash.settings import Plugin

__all__ = ["EventRefusedError", "Pipeline", "Plugin"]
