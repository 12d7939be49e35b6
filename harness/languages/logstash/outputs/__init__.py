"""One module per output plugin: the schema of its options. What runs them lives in the services."""
