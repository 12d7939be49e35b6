"""Proves that a monitoring stack works, with evidence, and says plainly what it could not prove."""
