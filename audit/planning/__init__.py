"""From a spec and the facts to the units of work, in order, and what they cost."""
