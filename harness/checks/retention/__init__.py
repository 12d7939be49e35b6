"""Run verifiers of the retention suite."""
