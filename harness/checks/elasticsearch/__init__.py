"""Checks of Elasticsearch's artifacts."""
