"""Receiving ends the stack notifies: each speaks the real protocol, validates, records and misbehaves on request."""
