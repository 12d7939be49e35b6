"""See Discovery."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from harness.contracts import Check, Context
from harness.documents.positions import View
from harness.documents.prometheus import Prometheus
from harness.model import Finding, Severity

_HTTP = ("basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file", "tls_config", "proxy_url",
         "no_proxy", "proxy_from_environment", "http_headers")  # fmt: skip
# Prometheus 3.11, discovery/kubernetes: which objects can be selected in which role.
_SELECTABLE = {
    "pod": ("pod", "node"),
    "service": ("service",),
    "endpointslice": ("pod", "service", "endpointslice"),
    "endpoints": ("pod", "service", "endpoints"),
    "node": ("node",),
    "ingress": ("ingress",),
}
_SELECTOR = re.compile(r"\s*[\w./-]+\s*(?:=|==|!=)\s*[^,=!]*(?:,\s*[\w./-]+\s*(?:=|==|!=)\s*[^,=!]*)*\s*|\s*")

Fault = tuple[View, str]


class Discovery(Check):
    """A discovery is set up in a way that Prometheus refuses.

    Why: the whole file is refused. Bad: `kubeconfig_file` beside `api_server`; a URL without a host.
    Good: one of the two; `http://inventory:8080/targets`. Fix: as the message says.
    """

    severity, subject = Severity.FATAL, Prometheus

    def examine(self, prometheus: Prometheus, context: Context) -> Iterable[Finding]:
        """Look at each discovery that has rules of its own."""
        root = prometheus.tree.view
        sections = [*root.items("scrape_configs")] if isinstance(root["scrape_configs"].value, list) else []
        alerting = root["alerting"]
        if isinstance(alerting.value, dict) and isinstance(alerting["alertmanagers"].value, list):
            sections.extend(alerting.items("alertmanagers"))
        for section in sections:
            for name, examine in _KINDS.items():
                found = section[name] if isinstance(section.value, dict) else None
                for item in found.items() if found is not None and isinstance(found.value, list) else ():
                    if isinstance(item.value, dict):
                        for view, message in examine(item):
                            yield self.finding(view.at(), message)


def _kubernetes(view: View) -> Iterator[Fault]:
    given = view.value
    namespaces = given.get("namespaces")
    own = isinstance(namespaces, dict) and namespaces.get("own_namespace") is True
    for name in ("api_server", "kubeconfig_file"):
        if given.get(name) and own:
            yield view["namespaces"]["own_namespace"], f"own_namespace and {name} exclude each other"
    if given.get("api_server") and given.get("kubeconfig_file"):
        yield view["kubeconfig_file"], "kubeconfig_file and api_server exclude each other"
    for name in _HTTP:
        if given.get(name) and not given.get("api_server"):
            why = "is of no use beside kubeconfig_file" if given.get("kubeconfig_file") else "needs an api_server"
            yield view[name], f"{name} {why}"
    yield from _selectors(view, str(given.get("role", "")))


def _selectors(view: View, role: str) -> Iterator[Fault]:
    seen: set[str] = set()
    selectors = view["selectors"]
    for item in selectors.items() if isinstance(selectors.value, list) else ():
        if not isinstance(item.value, dict):
            continue
        chosen = str(item.value.get("role", "")).lower()
        allowed = _SELECTABLE.get(role)
        if allowed and chosen not in allowed:
            yield item["role"], f"in the role {role} one can select {', '.join(allowed)}, not {chosen}"
        if chosen in seen:
            yield item["role"], f"a second selector of {chosen}"
        seen.add(chosen)
        field = item.value.get("field")
        if isinstance(field, str) and "$" not in field and not _SELECTOR.fullmatch(field):
            yield item["field"], f"no selector: {field!r}; write it like metadata.name=web"


def _azure(view: View) -> Iterator[Fault]:
    method = view.value.get("authentication_method") or "OAuth"
    for name in ("tenant_id", "client_id", "client_secret"):
        if method == "OAuth" and not view.value.get(name):
            yield view, f"OAuth needs a {name}"


def _address(name: str) -> Callable[[View], Iterator[Fault]]:
    def examine(view: View) -> Iterator[Fault]:
        text = view.value.get(name)
        if isinstance(text, str) and text and "$" not in text and "{{" not in text:
            if not re.match(r"https?://", text):
                yield view[name], "a URL begins with http:// or https://"
            elif not re.match(r"https?://[^/?#]", text):
                yield view[name], "there is no host in this URL"

    return examine


_KINDS: Mapping[str, Callable[[View], Iterator[Fault]]] = {
    "kubernetes_sd_configs": _kubernetes,
    "azure_sd_configs": _azure,
    "http_sd_configs": _address("url"),
    "puppetdb_sd_configs": _address("url"),
    "eureka_sd_configs": _address("server"),
    "stackit_sd_configs": _address("endpoint"),
}
