"""What happens to an event on its way through a pipeline, step by step, and why it came out as it did."""
