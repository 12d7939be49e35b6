"""Diagnosing by runbook as pytest tells it: each verifier of the recording is one test."""


def test_verifier_passes(verifier, verification):
    verification.require(verifier)
