"""Run verifiers of the resilience suite."""
