"""What each service is, inert: how a plan for it is made from the compose file and the configuration under test."""
