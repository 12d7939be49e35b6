"""The 30-day world as a function of a seed and a scale: every log line, every metric, and what is true of both.

`WorldTruth.of(fixtures, seed, scale)` in `truth.py` is the interface to what must be found; see there.
"""
