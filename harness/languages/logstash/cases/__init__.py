"""Tests of pipelines as data: events that go in, and what is expected to come out."""
