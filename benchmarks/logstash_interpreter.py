"""Events per second of the Logstash interpreter on one core, on a pipeline as production has it.

python benchmarks/logstash_interpreter.py [EVENTS]
"""

from __future__ import annotations

import json
import sys
import time

from harness.languages.logstash import Pipeline

CONFIG = r"""
input { beats { port => 5044 } }
filter {
  json { source => "message" target => "app" tag_on_failure => ["_not_json"] }
  if "_not_json" in [tags] {
    mutate { add_field => { "kind" => "unparsed" } }
  } else {
    date { match => ["[app][time]", "ISO8601"] remove_field => ["[app][time]"] }
    mutate {
      rename => { "[app][kind]" => "kind" "[app][level]" => "[log][level]" "[app][path]" => "[url][path]" }
      convert => { "[app][duration]" => "float" "[app][statusCode]" => "integer" }
      lowercase => ["[log][level]"]
      remove_field => ["message"]
    }
    if [app][statusCode] and [app][statusCode] >= 500 {
      mutate { add_tag => ["server_error"] }
    } else if [app][statusCode] in [401, 403] {
      mutate { add_tag => ["auth_failure"] }
    }
    if [url][path] =~ "^/api/patients(/|$)" { mutate { add_field => { "[audit][phi]" => "true" } } }
  }
  fingerprint {
    source => ["[app][id]", "[host][name]"] concatenate_sources => true method => "SHA256"
    target => "[@metadata][_id]"
  }
}
output {
  elasticsearch { index => "app-%{kind}-%{+YYYY.MM.dd}" document_id => "%{[@metadata][_id]}" }
}
"""


def events(count: int) -> list[dict[str, object]]:
    """Events as Filebeat delivers them."""
    found = []
    for number in range(count):
        line = {
            "id": f"line-{number:08}",
            "time": f"2026-11-23T14:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z",
            "kind": ("access", "application", "error", "audit")[number % 4],
            "level": "INFO" if number % 10 else "ERROR",
            "method": "GET",
            "path": f"/api/patients/{number % 500}" if number % 7 == 0 else f"/api/tools/{number % 40}",
            "statusCode": (200, 200, 200, 404, 500, 401)[number % 6],
            "duration": f"{number % 3000 / 10}",
            "userId": f"u-{number % 900}",
            "message": "request handled",
        }
        found.append(
            {
                "@timestamp": "2026-11-23T14:00:00.000Z",
                "@metadata": {"beat": "filebeat", "type": "_doc", "version": "7.17.29"},
                "message": json.dumps(line),
                "host": {"name": "backend-1"},
                "agent": {"type": "filebeat", "version": "7.17.29", "hostname": "backend-1"},
                "log": {"file": {"path": "/var/log/app.log"}, "offset": number * 200},
            }
        )
    return found


def main() -> None:
    """Print the rate of the filters alone, and with the output's templates and conditions."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    pipeline = Pipeline.from_text(CONFIG, "benchmark.conf")
    batch = events(count)
    started = time.process_time()
    for event in batch:
        pipeline.process(event)
    filters = time.process_time() - started
    started = time.process_time()
    for event in batch:
        for one in pipeline.process_with_metadata(event):
            for output in pipeline.outputs_for(one):
                pipeline.render(output.options["index"], one)
                pipeline.render(output.options["document_id"], one)
    whole = time.process_time() - started
    print(f"process                          {count / filters:10,.0f} events/s   ({count} events, {filters:.2f} s)")
    print(f"in place, with output templates  {count / whole:10,.0f} events/s   ({count} events, {whole:.2f} s)")


if __name__ == "__main__":
    main()
