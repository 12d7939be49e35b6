"""Every check: linter rules and run verifiers, the id is the path."""
