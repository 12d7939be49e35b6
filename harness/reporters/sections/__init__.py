"""What report.html shows of a run's history, one subject a module: plain values, ready to be laid out."""
