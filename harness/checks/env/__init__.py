"""Checks of environment files."""
