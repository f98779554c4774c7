"""Where inputs and labels come from, one source per file."""
