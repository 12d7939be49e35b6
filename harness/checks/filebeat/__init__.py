"""Checks of Filebeat's configuration."""
