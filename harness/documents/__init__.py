"""The artifacts of a monitoring configuration, parsed with the position of every value."""
