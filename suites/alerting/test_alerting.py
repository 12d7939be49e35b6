"""The alerting suite as pytest tells it: each verifier of its recording is one test."""

from harness.checks.alerting import recorded


def test_verifier_passes(verifier, verification):
    verification.require(verifier)


def test_alert_fires(alert, verification):
    assert recorded.fired(verification.history, alert.name), f"{alert.name} never fired on the unmodified rules"


def test_alert_reaches_exactly_its_channels(alert, verification):
    expected = verification.context.fixtures["routing"]["severities"][alert.severity]["channels"]
    received = recorded.notifications(verification.history, recorded.MAIN)
    assert {notification.subject for notification in recorded.naming(received, alert.name)} == set(expected)
