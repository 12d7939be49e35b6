"""Panels over the fifteen days of the 30-day world."""
