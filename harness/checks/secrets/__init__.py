"""Checks for secrets in files."""
