"""The TLS of a beats input: its certificate, and which clients must bring one. Reads current and older option names."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from harness.errors import UnreadableError, UnsupportedError
from harness.languages.logstash.settings import Plugin
from harness.services.logstash_server.beats_event import Peer

_CLIENTS = {
    **{"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED},
    **{"peer": ssl.CERT_OPTIONAL, "force_peer": ssl.CERT_REQUIRED},
}
_REFUSED = ("ssl_cipher_suites", "cipher_suites", "ssl_keystore_path", "ssl_truststore_path")
_VERSIONS = {
    **{"TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3},
    **{"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3},
}


def context(plugin: Plugin) -> ssl.SSLContext | None:
    """The server's TLS, or None for an input without. Raises UnreadableError or UnsupportedError at the plugin."""
    options = plugin.options
    if not (options.get("ssl_enabled") or options.get("ssl")):
        return None
    for name in _REFUSED:
        if options.get(name):
            message = f"option `{name}` of the beats input is not supported by the Logstash stand-in"
            raise UnsupportedError(message, at=plugin.position, hint="Verify it on a real Logstash.")
    if not (options.get("ssl_certificate") and options.get("ssl_key")):
        raise UnreadableError("beats: TLS needs ssl_certificate and ssl_key", at=plugin.position)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    clients = _clients(options)
    try:
        found.load_cert_chain(options["ssl_certificate"], options["ssl_key"], options.get("ssl_key_passphrase"))
        for file in options.get("ssl_certificate_authorities") or ():
            found.load_verify_locations(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise UnreadableError(f"beats: cannot read the certificates: {error}", at=plugin.position) from error
    if clients is not ssl.CERT_NONE and not options.get("ssl_certificate_authorities"):
        message = "beats: client certificates are asked for, but ssl_certificate_authorities names nobody to trust"
        raise UnreadableError(message, at=plugin.position)
    found.verify_mode = clients
    versions = _versions(options)
    found.minimum_version, found.maximum_version = min(versions), max(versions)
    return found


def _clients(options: Mapping[str, Any]) -> ssl.VerifyMode:
    chosen = options.get("ssl_client_authentication") or options.get("ssl_verify_mode") or "none"
    return _CLIENTS[str(chosen)]


def _versions(options: Mapping[str, Any]) -> list[ssl.TLSVersion]:
    given = options.get("ssl_supported_protocols")
    if not given:
        given = [options.get("tls_min_version"), options.get("tls_max_version")]
    known = [_VERSIONS[str(version)] for version in given if str(version) in _VERSIONS]
    return known or [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def peer(address: str, connection: ssl.SSLObject | None) -> Peer:
    """What is known of a client."""
    if connection is None:
        return Peer(address)
    certificate = connection.getpeercert() or {}
    names: Any = certificate.get("subject") or ()
    subject = ",".join(f"{_SHORT.get(name, name)}={value}" for part in reversed(names) for name, value in part)
    cipher = connection.cipher()
    return Peer(address, subject, connection.version() or "", cipher[0] if cipher else "")


_SHORT = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C"}
