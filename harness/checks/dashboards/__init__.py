"""Dashboards: what can be told from their files, and what a run saw of them."""
