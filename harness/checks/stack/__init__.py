"""Run verifiers of the stack suite."""
