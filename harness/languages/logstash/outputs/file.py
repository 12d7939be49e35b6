"""The file output: writes events to files, a line each."""

from __future__ import annotations

from harness.languages.logstash.options import Option, Options

OPTIONS: Options = {
    "codec": Option("codec", "json_lines"),
    "create_if_deleted": Option("boolean", True),
    "dir_mode": Option("number", -1),
    "file_mode": Option("number", -1),
    "filename_failure": Option(default="_filepath_failures"),
    "flush_interval": Option("number", 2),
    "gzip": Option("boolean", False),
    "path": Option(required=True),
    "stale_cleanup_interval": Option("number", 10),
    "write_behavior": Option(default="append", choices=("append", "overwrite")),
}
