"""Run verifiers of the diagnosis suite."""
