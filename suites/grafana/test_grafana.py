"""The grafana suite as pytest tells it: each verifier of its recording is one test."""


def test_verifier_passes(verifier, verification):
    verification.require(verifier)
