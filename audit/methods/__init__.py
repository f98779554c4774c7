"""Attribution methods, one per file, named as their papers name them."""
