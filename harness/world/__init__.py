"""The 30-day world, built: lines through the pipeline into a real Elasticsearch, metrics into Prometheus's blocks.

It is built once per seed, scale and configuration, kept in the cache, and started from a copy that shares its files.
What must be found in it is told by `harness.generators.story.truth`.
"""
