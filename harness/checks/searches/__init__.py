"""Checks of Kibana's saved searches: what they ask, of which fields and indices, and what a run found with them."""
