"""How alike two sets of maps are, and what chance would give: one declared value per file."""
