"""Checks of Alertmanager's configuration."""
