"""What a compose file leaves out: told of each service where it is the exception, once where it is the habit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.documents.compose import Service
from harness.model import Position, Severity

Lack = tuple[Position, str, tuple[Position, ...], Severity]
_FEW = 3


def lacking(services: Sequence[Service], lacks: Callable[[Service], bool], what: str) -> Iterator[Lack]:
    """Place, message, further places and severity for the services that lack something."""
    without = [service for service in services if lacks(service)]
    places = [service.at() for service in without]
    if len(without) == len(services) > 1:
        # A stack to try things out with; whoever runs it for real reads it once.
        yield places[0], f"none of the {len(services)} services has {what}", tuple(places[1:]), Severity.INFO
    elif len(without) > _FEW and len(without) * 2 > len(services):
        names = ", ".join(service.name for service in without[:_FEW])
        message = f"{len(without)} of {len(services)} services have no {what.removeprefix('a ')}: {names}, …"
        yield places[0], message, tuple(places[1:]), Severity.WARNING
    else:
        for service, place in zip(without, places, strict=True):
            yield place, f"{service.name} has no {what.removeprefix('a ')}", (), Severity.WARNING
