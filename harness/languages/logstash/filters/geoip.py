"""The geoip filter: where an address is, by a database in MaxMind's format that the configuration names.

Logstash carries a City database whose licence lets nobody else do so: `database` is required here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.languages.logstash.event import Apply, Event, tag
from harness.languages.logstash.field import get, put
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

if TYPE_CHECKING:
    from maxminddb import Reader

OPTIONS: Options = {
    "cache_size": Option("number", 1000),
    "database": Option(),
    "default_database_type": Option(choices=("City", "ASN"), default="City"),
    "ecs_compatibility": Option(),
    "fields": Option("array"),
    "source": Option("field", required=True),
    "tag_on_failure": Option("array", ["_geoip_lookup_failure"]),
    "target": Option("field"),
}

Record = Mapping[str, Any]

_ECS = {
    "ip": "[ip]",
    "city_name": "[geo][city_name]",
    "country_name": "[geo][country_name]",
    "continent_code": "[geo][continent_code]",
    "continent_name": "[geo][continent_name]",
    "country_code2": "[geo][country_iso_code]",
    "postal_code": "[geo][postal_code]",
    "region_name": "[geo][region_name]",
    "region_code": "[geo][region_code]",
    "region_iso_code": "[geo][region_iso_code]",
    "timezone": "[geo][timezone]",
    "location": "[geo][location]",
    "latitude": "[geo][location][lat]",
    "longitude": "[geo][location][lon]",
    "asn": "[as][number]",
    "as_org": "[as][organization][name]",
    "isp": "[mmdb][isp]",
    "dma_code": "[mmdb][dma_code]",
    "organization": "[mmdb][organization]",
    "domain": "[domain]",
}
_COUNTRY = ("ip", "country_code2", "country_name", "continent_name")
_CITY = (
    *("ip", "city_name", "continent_code", "country_name", "country_code2", "country_code3", "postal_code", "dma_code"),
    *("region_name", "region_code", "region_iso_code", "timezone", "location", "latitude", "longitude"),
)
_NETWORK = ("ip", "asn", "as_org")
_DEFAULT = {
    "City": _CITY,
    "Country": _COUNTRY,
    "ASN": _NETWORK,
    "ISP": (*_NETWORK, "isp", "organization"),
    "Domain": ("domain",),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    reader = _opened(settings)
    kind = next((name for name in _DEFAULT if name in reader.metadata().database_type), None)
    if kind is None:
        settings.refuse("database", f"a database of type {reader.metadata().database_type} is not supported")
    own = settings["ecs_compatibility"]
    ecs = settings.ecs if own is None else own != "disabled"
    fields, target = _fields(settings, kind), _target(settings, ecs)
    places = {name: target + (_ECS.get(name, "") if ecs else f"[{name}]") for name in fields if not ecs or name in _ECS}
    look_up = lru_cache(maxsize=int(settings["cache_size"]))(_looking_up(reader, kind))
    read, matched = settings.reader("source"), settings.matched
    tags = [text_of(name) for name in settings["tag_on_failure"]]

    def apply(event: Event) -> None:
        value = read(event)
        address = value[0] if isinstance(value, list) and value else value
        found: Record = {}
        if isinstance(address, str) and address.strip():
            found = look_up(address.strip())
            if get(event, target) is None:
                put(event, target, {})
        if not found:
            for name in tags:
                tag(event, name)
            return
        for name, place in places.items():
            if name in found:
                put(event, place, found[name])
        matched(event)

    return apply


def _opened(settings: Settings) -> Reader:
    import maxminddb

    if settings["database"] is None:
        settings.refuse("source", "geoip needs `database` here", "The one that Logstash carries is licensed to it.")
    try:
        return maxminddb.open_database(settings["database"])
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        settings.refuse("database", f"cannot read the database: {error}")


def _fields(settings: Settings, kind: str) -> list[str]:
    given = settings["fields"]
    if given is None:
        return list(_DEFAULT[kind])
    wanted = [text_of(name).lower() for name in given]
    known = {*_ECS, "country_code3"}
    for name in wanted:
        if name not in known:
            settings.refuse("fields", f"`{name}` is no field of geoip", f"They are: {', '.join(sorted(known))}.")
    return wanted


def _target(settings: Settings, ecs: bool) -> str:
    target = settings["target"]
    if target is None and not ecs:
        return "[geoip]"
    if target is None:
        source = str(settings["source"])
        if not source.endswith("[ip]") or source == "[ip]":
            settings.refuse("source", "geoip needs a `target`, because `source` is no `ip` below another field")
        return source.removesuffix("[ip]")
    return target if target.startswith("[") else f"[{target}]"


def _looking_up(reader: Reader, kind: str) -> Callable[[str], Record]:
    def look_up(address: str) -> Record:
        try:
            record = reader.get(address)
        except ValueError:
            return {}
        if not isinstance(record, dict):
            return {}
        found = {name: value for name, value in _told(address, record) if value is not None}
        # A City without coordinates is taken for no answer.
        return {} if kind == "City" and "location" not in found else found

    return look_up


def _told(address: str, record: Record) -> Iterator[tuple[str, Any]]:
    place, country = record.get("location", {}), record.get("country", {})
    region = (record.get("subdivisions") or [{}])[-1]
    latitude, longitude = place.get("latitude"), place.get("longitude")
    yield "ip", address
    yield "city_name", _name(record.get("city", {}))
    yield "continent_code", record.get("continent", {}).get("code")
    yield "continent_name", _name(record.get("continent", {}))
    yield "country_name", _name(country)
    yield "country_code2", country.get("iso_code")
    yield "country_code3", country.get("iso_code")
    yield "postal_code", record.get("postal", {}).get("code")
    yield "dma_code", place.get("metro_code")
    yield "region_name", _name(region)
    yield "region_code", region.get("iso_code")
    if region.get("iso_code") and country.get("iso_code"):
        yield "region_iso_code", f"{country['iso_code']}-{region['iso_code']}"
    yield "timezone", place.get("time_zone")
    if latitude is not None and longitude is not None:
        yield "location", {"lon": longitude, "lat": latitude}
    yield "latitude", latitude
    yield "longitude", longitude
    yield "asn", record.get("autonomous_system_number")
    yield "as_org", record.get("autonomous_system_organization")
    for name in ("isp", "organization", "domain"):
        yield name, record.get(name)


def _name(of: Record) -> Any:
    return of.get("names", {}).get("en")
