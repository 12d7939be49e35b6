"""Dashboards as they are looked at: what each panel must show beside what it shows, sweeps over ranges and choices,
and a
crowd of viewers."""
