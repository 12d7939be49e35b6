"""Checks of Prometheus's own configuration."""
