"""Run verifiers of the alerting suite."""
