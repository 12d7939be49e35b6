"""Which filters, branches and grok alternatives of a configuration a set of events has gone through."""
