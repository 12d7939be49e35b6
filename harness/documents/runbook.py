"""Runbooks: the pages that alerts link to, with the queries they tell people to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.documents.document import Document, Source
from harness.documents.expressions import Expression
from harness.model import Position

_BLOCK = re.compile(r"^```(?P<language>\w+)(?P<options>[^\n]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r"(\w+)=(\S+)")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """One fenced block of a runbook: its language, its text, and where that begins in the page.

    `options` stand behind the language as `name=value`: ```` ```kql by=route ```` is broken down by route.
    """

    language: str
    text: str
    offset: int
    options: Mapping[str, str] = field(default_factory=dict)
    options_offset: int = 0


@dataclass(frozen=True, slots=True)
class Runbook(Document):
    """A runbook, told by its folder: a page of Markdown below `runbooks`."""

    @property
    def text(self) -> str:
        """The page."""
        return self.tree.text

    @property
    def name(self) -> str:
        """The file's name without its ending, which is how links name it."""
        return self.file.rpartition("/")[2].rpartition(".")[0]

    @property
    def queries(self) -> tuple[Query, ...]:
        """Every fenced block that says its language, without the blank ends."""
        found = []
        for match in _BLOCK.finditer(self.text):
            text = match["text"].strip()
            skipped = len(match["text"]) - len(match["text"].lstrip())
            if text:
                options = dict(_OPTION.findall(match["options"]))
                offset, behind = match.start("text") + skipped, match.start("options")
                found.append(Query(match["language"].lower(), text, offset, options, behind))
        return tuple(found)

    @property
    def links(self) -> tuple[tuple[str, Position], ...]:
        """Every link's target with its place."""
        found = _LINK.finditer(self.text)
        return tuple((m["target"], self.tree.place(m.start("target"), m.end("target"))) for m in found)

    def expressions(self) -> Iterator[Expression]:
        """Every PromQL query of the page."""
        for query in self.queries:
            if query.language == "promql":
                start = query.offset
                yield Expression(
                    query.text,
                    query.text,
                    lambda o, n, s=start: self.tree.place(s + o, s + o + n),  # type: ignore[misc]
                )

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """A Markdown file in a folder called runbooks."""
        return source.path.suffix == ".md" and source.named("runbooks/*.md", "runbook/*.md")
