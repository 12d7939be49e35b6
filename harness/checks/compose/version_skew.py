"""See VersionSkew."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.contracts import Check, Context
from harness.documents.compose import Compose, Service
from harness.model import Finding

_ELASTIC = ("elasticsearch", "kibana", "logstash", "filebeat")


class VersionSkew(Check):
    """Kibana is of another release than its Elasticsearch, or a shipper is newer than what it ships to.

    Why: Kibana refuses to work with another minor version; a newer shipper may speak what the older does not know.
    Bad: Kibana 9.2.0 beside Elasticsearch 9.1.4. Good: one version for all. Fix: align the tags.
    """

    subject = Compose

    def examine(self, compose: Compose, context: Context) -> Iterable[Finding]:
        """Compare the tags with Elasticsearch's."""
        tags: dict[str, tuple[Service, tuple[int, ...], str]] = {}
        for service in compose.services:
            repository, _, tag = service.image.rpartition(":")
            product, numbers = repository.rpartition("/")[2], re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+).*", tag)
            if product in _ELASTIC and numbers:
                tags.setdefault(product, (service, tuple(int(n) for n in numbers.groups()), tag))
        if "elasticsearch" not in tags:
            return
        _, base, shown = tags["elasticsearch"]
        for product, (service, version, tag) in tags.items():
            wrong = (
                version[:2] != base[:2] if product == "kibana" else version[:2] > base[:2] or version[0] < base[0] - 1
            )
            if wrong:
                yield self.finding(service.at("image"), f"{product} {tag} does not go with Elasticsearch {shown}")
