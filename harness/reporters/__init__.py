"""Writes what was found down, one format a module."""
