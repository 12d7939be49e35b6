"""geoip, on a database of one network that is written here, in MaxMind's format."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UnreadableError
from harness.languages.logstash import Pipeline

SEATTLE = {
    "city": {"names": {"en": "Seattle", "de": "Seattle (Stadt)"}},
    "continent": {"code": "NA", "names": {"en": "North America"}},
    "country": {"iso_code": "US", "names": {"en": "United States"}},
    "location": {"latitude": 47.6062, "longitude": -122.3321, "time_zone": "America/Los_Angeles", "metro_code": 819},
    "postal": {"code": "98106"},
    "subdivisions": [{"iso_code": "WA", "names": {"en": "Washington"}}],
}
NETWORK = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}


UINT16, UINT32, UINT64 = 5, 6, 9
KINDS = {"node_count": UINT32, "build_epoch": UINT64}


def encoded(value: Any, kind: int = UINT32) -> bytes:
    """A value of the data section: strings, doubles, unsigned integers, maps and arrays."""
    if isinstance(value, str):
        data = value.encode()
        return control(2, len(data)) + data
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        data = value.to_bytes(4, "big").lstrip(b"\0")
        return control(kind, len(data)) + data
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encoded, value))
    pairs = b"".join(encoded(key) + encoded(item) for key, item in value.items())
    return control(7, len(value)) + pairs


def control(kind: int, size: int) -> bytes:
    extended = kind > 7
    first, rest = (0 if extended else kind) << 5, bytes([kind - 7]) if extended else b""
    return bytes([first | size]) + rest if size < 29 else bytes([first | 29]) + rest + bytes([size - 29])


def database(path: Path, kind: str, network: str, record: dict[str, Any]) -> Path:
    """One network in a tree of its own bits, each node with one way on and one way to nothing."""
    where = ipaddress.ip_network(network)
    count = where.prefixlen
    bits = f"{int(where.network_address):032b}"[:count]
    tree = b""
    for number, bit in enumerate(bits):
        on = number + 1 if number + 1 < count else count + 16
        left, right = (on, count) if bit == "0" else (count, on)
        tree += left.to_bytes(3, "big") + right.to_bytes(3, "big")
    metadata = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1, "database_type": kind,
        "description": {"en": "test"}, "ip_version": 4, "languages": ["en"], "node_count": count, "record_size": 24,
    }  # fmt: skip
    pairs = (encoded(name) + encoded(value, KINDS.get(name, UINT16)) for name, value in metadata.items())
    described = control(7, len(metadata)) + b"".join(pairs)
    path.write_bytes(tree + bytes(16) + encoded(record) + b"\xab\xcd\xefMaxMind.com" + described)
    return path


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return database(tmp_path / "City.mmdb", "GeoLite2-City", "192.0.2.0/24", SEATTLE)


def run(options: str, event: dict[str, Any], ecs: str = "disabled") -> dict[str, Any]:
    text = f"filter {{ geoip {{ {options} }} }}"
    (found,) = Pipeline.from_text(text, "t.conf", ecs_compatibility=ecs).process(event)
    return found


def test_the_fields_of_a_city(city: Path) -> None:
    found = run(f"source => 'ip' database => '{city}' add_tag => located", {"ip": "192.0.2.7"})
    assert found["geoip"] == {
        "ip": "192.0.2.7", "city_name": "Seattle", "continent_code": "NA", "country_name": "United States",
        "country_code2": "US", "country_code3": "US", "postal_code": "98106", "dma_code": 819,
        "region_name": "Washington", "region_code": "WA", "region_iso_code": "US-WA",
        "timezone": "America/Los_Angeles", "location": {"lon": -122.3321, "lat": 47.6062},
        "latitude": 47.6062, "longitude": -122.3321,
    }  # fmt: skip
    assert found["tags"] == ["located"]


def test_in_the_common_schema_the_target_is_the_parent_of_the_address(city: Path) -> None:
    found = run(f"source => '[client][ip]' database => '{city}'", {"client": {"ip": "192.0.2.7"}}, "v8")
    geo = found["client"]["geo"]
    assert geo["country_iso_code"] == "US" and geo["location"] == {"lon": -122.3321, "lat": 47.6062}
    assert found["client"]["mmdb"] == {"dma_code": 819}
    assert "country_code3" not in str(found)


def test_only_the_fields_that_are_asked_for(city: Path) -> None:
    found = run(
        f"source => 'ip' database => '{city}' fields => ['city_name'] target => 't'", {"ip": ["192.0.2.7", "x"]}
    )
    assert found["t"] == {"city_name": "Seattle"}


@pytest.mark.parametrize("address", ["198.51.100.1", "nowhere", "2001:db8::1"])
def test_what_is_not_found_is_tagged(city: Path, address: str) -> None:
    found = run(f"source => 'ip' database => '{city}' add_tag => located", {"ip": address})
    assert found["tags"] == ["_geoip_lookup_failure"]
    assert found["geoip"] == {}


def test_an_event_without_an_address_is_tagged(city: Path) -> None:
    found = run(f"source => 'ip' database => '{city}' tag_on_failure => ['where']", {"a": 1})
    assert found["tags"] == ["where"] and "geoip" not in found


def test_the_network_of_an_address(tmp_path: Path) -> None:
    path = database(tmp_path / "ASN.mmdb", "GeoLite2-ASN", "192.0.2.0/24", NETWORK)
    found = run(f"source => 'ip' database => '{path}'", {"ip": "192.0.2.7"})
    assert found["geoip"] == {"ip": "192.0.2.7", "asn": 64500, "as_org": "Example"}


@pytest.mark.parametrize(
    ("options", "ecs", "says"),
    [
        ("source => 'ip'", "disabled", "needs `database`"),
        ("source => 'ip' database => '/nowhere.mmdb'", "disabled", "cannot read the database"),
        ("source => 'ip' database => '{city}'", "v8", "needs a `target`"),
        ("source => 'ip' database => '{city}' fields => ['town']", "disabled", "`town` is no field"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(city: Path, options: str, ecs: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=says) as caught:
        run(options.format(city=city), {}, ecs)
    assert str(caught.value.at).startswith("t.conf:1:")
