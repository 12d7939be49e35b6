"""Read-only questions to running services, each with a dated answer."""
