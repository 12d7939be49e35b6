"""Checks of Grafana's provisioning."""
