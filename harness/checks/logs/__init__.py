"""Verifiers of the log pipeline: every line arrives once, unaltered, and without what must not be stored."""
