"""The tcp input: takes events from connections, or connects to a server that sends them."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {
    "codec": Option("codec", "line"),
    "dns_reverse_lookup_enabled": Option("boolean", True),
    "ecs_compatibility": Option(),
    "host": Option(default="0.0.0.0"),
    "mode": Option(default="server", choices=("server", "client")),
    "port": Option("number", required=True),
    "proxy_protocol": Option("boolean", False),
    "ssl_certificate": Option(),
    "ssl_certificate_authorities": Option("array"),
    "ssl_cipher_suites": Option("array"),
    "ssl_client_authentication": Option(choices=("none", "optional", "required")),
    "ssl_enabled": Option("boolean", False),
    "ssl_extra_chain_certs": Option("array"),
    "ssl_key": Option(),
    "ssl_key_passphrase": Option(),
    "ssl_keystore_password": Option(),
    "ssl_keystore_path": Option(),
    "ssl_keystore_type": Option(),
    "ssl_supported_protocols": Option("array"),
    "ssl_truststore_password": Option(),
    "ssl_truststore_path": Option(),
    "ssl_truststore_type": Option(),
    "ssl_verification_mode": Option(choices=("full", "none")),
    "tcp_keep_alive": Option("boolean", False),
}
