"""The same events through the interpreter and through Logstash itself, compared field by field.

Each pipeline keeps its filters and the conditions of its outputs; what feeds it and what it writes to are files. One
start of Logstash runs them all, a pipeline each. What the interpreter makes of the rearranged pipeline is held against
what it makes of the original first, so that a difference is never one of the arrangement.
"""
