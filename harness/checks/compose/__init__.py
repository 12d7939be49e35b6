"""Checks of compose files."""
