"""How alike two sets of maps are: one declared value per file."""
