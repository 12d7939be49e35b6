"""Run verifiers of the receivers suite."""
