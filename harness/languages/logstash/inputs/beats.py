"""The beats input: takes events from Filebeat and its kin over the lumberjack protocol."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {
    "add_hostname": Option("boolean", False),
    "cipher_suites": Option("array"),
    "client_inactivity_timeout": Option("number", 60),
    "ecs_compatibility": Option(),
    "enrich": Option("array"),
    "event_loop_threads": Option("number"),
    "executor_threads": Option("number"),
    "host": Option(default="0.0.0.0"),
    "include_codec_tag": Option("boolean", True),
    "port": Option("number", required=True),
    "ssl": Option("boolean", False),
    "ssl_certificate": Option(),
    "ssl_certificate_authorities": Option("array"),
    "ssl_cipher_suites": Option("array"),
    "ssl_client_authentication": Option(default="none", choices=("none", "optional", "required")),
    "ssl_enabled": Option("boolean", False),
    "ssl_handshake_timeout": Option("number", 10000),
    "ssl_key": Option(),
    "ssl_key_passphrase": Option(),
    "ssl_keystore_password": Option(),
    "ssl_keystore_path": Option(),
    "ssl_supported_protocols": Option("array"),
    "ssl_truststore_password": Option(),
    "ssl_truststore_path": Option(),
    "ssl_truststore_type": Option(),
    "ssl_verify_mode": Option(choices=("none", "peer", "force_peer")),
    "tls_max_version": Option("number"),
    "tls_min_version": Option("number"),
}
