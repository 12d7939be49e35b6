"""The settings of a Prometheus 3.11 rule file."""

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
