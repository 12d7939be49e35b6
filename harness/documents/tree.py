"""The loaders every document kind starts from: text in, plain data with positions out."""

from __future__ import annotations

from harness.documents.json_source import load_json, load_ndjson
from harness.documents.positions import Span, Step, Tree, View
from harness.documents.yaml_source import load_yaml

__all__ = ["Span", "Step", "Tree", "View", "load_json", "load_ndjson", "load_yaml"]
