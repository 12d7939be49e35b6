"""Checks of Prometheus rule files."""
