"""How the times of searches and dashboards grow with what they are asked of."""
