"""See ImpossibleKind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.contracts import Check, Context
from harness.documents.catalog import Catalog
from harness.documents.log_flow import (
    atoms,
    conditions,
    plain,
    texts,
)
from harness.documents.logstash import Logstash
from harness.documents.unknown import nearest
from harness.errors import HarnessError
from harness.languages.logstash import ast
from harness.model import Finding


class ImpossibleKind(Check):
    """A condition compares a line's kind with one that no line has: it never holds.

    Why: the branch is dead, and with it what it enriches or redacts. Bad: `if [kind] == "acess"`. Good: a kind of the
    catalog. Fix: correct it.
    """

    subject = Logstash

    def examine(self, logstash: Logstash, context: Context) -> Iterable[Finding]:
        """Look up every kind that is compared with."""
        catalog = Catalog.of(context.fixtures)
        try:
            sections = logstash.config.sections
        except HarnessError:
            return  # logs/pipeline-syntax says so
        kinds = catalog.kinds if catalog else ()
        for section in sections if kinds else ():
            for condition in conditions(section.body):
                for atom in atoms(condition):
                    for text in _compared(atom):
                        if text.value not in kinds:
                            near = nearest(text.value, kinds)
                            yield self.finding(text.position, f"no line is of the kind {text.value}{near}")


def _compared(atom: ast.Truth | ast.Comparison | ast.Membership | ast.Match) -> Iterator[ast.Text]:
    if isinstance(atom, (ast.Truth, ast.Match)):
        return
    if isinstance(atom.left, ast.Selector) and plain(atom.left.reference) == "kind":
        if isinstance(atom.right, ast.Text):
            yield atom.right
        elif isinstance(atom.right, ast.Array):
            yield from texts(atom.right)
