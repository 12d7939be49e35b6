"""What makes a run's claims checkable later: its inputs, what was known beside the history, the hash of each file."""
