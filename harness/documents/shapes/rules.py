"""The settings of a Prometheus 3.11 rule file."""

import re

# Thanos, Mimir, Loki and VictoriaMetrics read the same files and know more. Both our words and promtool's.
RELATIVES = re.compile(
    r"(?:no setting|field) (?:namespace|partial_response_strategy|source_tenants|evaluation_delay|type|params|headers|"
    r"concurrency|eval_offset|eval_delay|eval_alignment|debug|update_entries_limit|notifier_headers|tenant|"
    r"align_evaluation_time_on_interval|remote_write)\b"
)

NOTATION = """
root
    [group]: groups
group
    needs: name
    text: name
    duration: interval query_offset
    int: limit
    [rule]: rules
    {text}: labels
rule
    text: record alert expr
    duration: for keep_firing_for
    {text}: labels annotations
"""
