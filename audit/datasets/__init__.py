"""Where inputs and labels come from, one source per file; what they share stands in ``shared``."""
