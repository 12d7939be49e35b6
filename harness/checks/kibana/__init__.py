"""Checks of Kibana's settings."""
