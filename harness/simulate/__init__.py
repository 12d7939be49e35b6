"""Scenarios on the virtual clock: what Prometheus and Alertmanager would do in hours, days and weeks, in seconds.

The products' own code runs on the configuration under test, unmodified, in one process in which time jumps from timer
to timer (`harness/toolchain/go/virtualclock`). This package writes the request, reads the timeline and shows it.
"""

from harness.simulate.command import simulate_scenario
from harness.simulate.engine import simulate
from harness.simulate.events import Event, EventKind
from harness.simulate.page import write_page
from harness.simulate.segments import Incident
from harness.simulate.text import render
from harness.simulate.values import Mute, Notification, Reported, Timeline, Transition

__all__ = [
    "Event",
    "EventKind",
    "Incident",
    "Mute",
    "Notification",
    "Reported",
    "Timeline",
    "Transition",
    "render",
    "simulate",
    "simulate_scenario",
    "write_page",
]
