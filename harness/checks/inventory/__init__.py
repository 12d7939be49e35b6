"""Checks against what the specification counts (fixtures/inventory.yml)."""
