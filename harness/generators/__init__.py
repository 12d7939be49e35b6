"""What puts traffic through the stack: metrics and log lines, seeded, with the truth about what was put in."""
