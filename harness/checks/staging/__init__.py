"""Verifiers of a stack that somebody else runs."""
