"""Elasticsearch: the real server, its security on, run by a user that is not root."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.contracts import Http, Plan
from harness.documents.tree import load_yaml
from harness.model import Level
from harness.services.elasticsearch_access import FILES, SUPERUSER, Access
from harness.services.room import Room

SERVICE = "elasticsearch"
HEAP = "1g"
CONTAINER_HOME = "/usr/share/elasticsearch"
BOOT_SECONDS = 120.0
HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=1s"
RECOVERIES = 16

_NATIVE_LACKS = re.compile(r"^(xpack\.(?!security)|ingest\.|indices\.lifecycle|slm|stack\.|cluster\.deprecation)")
"""Settings of modules that the core distribution does not have: it refuses to start on an unknown setting."""

_SETTING = re.compile(r"^[a-z_]+(\.[a-z_]+)+$")


def plan(
    room: Room, home: Path, java: Path, access: Access, port: int, transport: int, scratch: Path,
    given: Path | None = None, host: str = "127.0.0.1",
) -> Plan:  # fmt: skip
    """The core distribution on `config/elasticsearch.yml`; settings of modules it lacks are left out and said so.

    `given` is a data folder to start from, for an instance that has a past. `host` is where containers reach it, if any
    do; this machine reaches it at the loopback address either way.
    """
    config, own, logs, temporary = (scratch / name for name in ("config", "data", "logs", "tmp"))
    for folder in (config, own, logs, temporary):
        folder.mkdir(parents=True)
    data = given or own
    for name in FILES:
        shutil.copyfile(access.folder / name, config / name)
    shutil.copyfile(home / "config" / "log4j2.properties", config / "log4j2.properties")
    roles = room.path(f"{CONTAINER_HOME}/config/roles.yml")
    shutil.copyfile(roles if roles.is_file() else home / "config" / "roles.yml", config / "roles.yml")
    (config / "jvm.options").write_text(_jvm_options(home, logs), encoding="utf-8")
    settings = room.path(f"{CONTAINER_HOME}/config/elasticsearch.yml")
    text = settings.read_text(encoding="utf-8") if settings.is_file() else ""
    overlaid = {
        "http.port": str(port),
        "http.host": "127.0.0.1" if host == "127.0.0.1" else f'["127.0.0.1", "{host}"]',
        "transport.port": str(transport),
        "network.host": "127.0.0.1",
        "path.data": str(data),
        "path.logs": str(logs),
        "node.store.allow_mmap": "false",
        "discovery.type": "single-node",
    }
    if given:
        # A past has many shards; four at a time, the default, make a start of them that takes twice as long.
        overlaid["cluster.routing.allocation.node_initial_primaries_recoveries"] = str(RECOVERIES)
    image = {name: value for name, value in room.environment().items() if _SETTING.match(name)}
    room.rewrite(settings, _settings(text, {**image, **overlaid}), "endpoints; settings of modules this build lacks")
    shutil.copyfile(settings, config / "elasticsearch.yml")
    return Plan(
        name=room.instance,
        service=SERVICE,
        argv=(str(home / "bin" / "elasticsearch"),),
        ready=Http(HEALTH, authorization=access.basic(SUPERUSER)),
        level=Level.NATIVE,
        port=port,
        environment={
            "ES_PATH_CONF": str(config),
            "ES_JAVA_HOME": str(java),
            "ES_TMPDIR": str(temporary),
            "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP} -XX:TieredStopAtLevel=4",
        },
        folder=scratch,
        owned=(scratch, given) if given else (scratch,),
        unprivileged=True,
        deadline_seconds=BOOT_SECONDS,
        overlay=tuple(room.changes),
    )


def _jvm_options(home: Path, logs: Path) -> str:
    """The distribution's own options, less the incubator module that this Java may not have."""
    kept = []
    for line in (home / "config" / "jvm.options").read_text(encoding="utf-8").splitlines():
        if "add-modules" not in line and not line.startswith("-Xlog:gc"):
            kept.append(line.replace("hs_err_pid", f"{logs}/hs_err_pid"))
    return "\n".join(kept) + "\n"


def _settings(text: str, overlaid: Mapping[str, str]) -> str:
    """The settings file with the overlaid ones in place of its own, and without those of modules that are not there."""
    tree = load_yaml(text, "elasticsearch.yml") if text.strip() else None
    dropped: set[int] = set()
    rescued: list[str] = []
    lines = text.splitlines()
    for key, value in tree.value.items() if tree and isinstance(tree.value, dict) else ():
        flat = dict(_flattened(str(key), value))
        kept = {name: item for name, item in flat.items() if name not in overlaid and not _NATIVE_LACKS.match(name)}
        if kept != flat:
            rescued += [f"{name}: {json.dumps(item, ensure_ascii=False)}" for name, item in kept.items()]
            dropped.update(_block(lines, tree.key_at(key).line - 1))  # type: ignore[union-attr]
    kept_lines = [line for number, line in enumerate(lines) if number not in dropped]
    return "\n".join([*kept_lines, *rescued, *(f"{key}: {value}" for key, value in overlaid.items())]) + "\n"


def without_settings(text: str) -> str:
    """The settings file without those of modules that the core distribution lacks."""
    return _settings(text, {})


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`http: {port: 1}` and `http.port: 1` are the same setting to Elasticsearch."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flattened(f"{name}.{key}", item)
    else:
        yield name, value


def _block(lines: Sequence[str], first: int) -> range:
    """The lines of a top-level setting: its own, and what is indented or listed below it."""
    last = first + 1
    while last < len(lines) and lines[last][:1] in (" ", "-"):
        last += 1
    return range(first, last)


_LIFECYCLE = ("index.lifecycle.name", "index.lifecycle.rollover_alias", "index.lifecycle.parse_origination_date")


def without_lacking(body: Any) -> tuple[Any, tuple[str, ...]]:
    """A template or index body without settings of modules the core distribution lacks, and the names of those."""
    left_out: list[str] = []

    def cut(value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [cut(item, path) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {}
        for key, item in value.items():
            here = f"{path}.{key}" if path else str(key)
            setting = here.split("settings.", 1)[-1]
            setting = setting if setting.startswith("index.") else f"index.{setting}"
            if "settings" in here and setting in ("index.lifecycle", *_LIFECYCLE):
                left_out.append(f"{here} = {item}")
            else:
                kept[key] = cut(item, here)
        return kept

    return cut(body, ""), tuple(left_out)
