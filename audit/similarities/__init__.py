"""How alike two sets of maps are: one pure function per file."""
