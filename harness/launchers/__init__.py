"""How a service runs: as a process built here, in a container, or somewhere that already exists."""
