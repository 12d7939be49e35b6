"""One module per input plugin: the schema of its options. What runs them lives in the services."""
