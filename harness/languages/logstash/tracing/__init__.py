"""What happens to an event on its way through a pipeline, step by step, for people who wonder why it came out as it did."""
