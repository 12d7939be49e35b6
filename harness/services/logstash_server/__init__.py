"""A stand-in for Logstash: lumberjack in, the interpreter on an unmodified configuration, Elasticsearch bulk out.

`python -m harness.services.logstash_server --config FILE` runs it as a process of its own. What it acknowledges to a
Beat is stored: Elasticsearch has said so.
"""
