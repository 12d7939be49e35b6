"""Verifiers of what was played on the virtual clock."""
