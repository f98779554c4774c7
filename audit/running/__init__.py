"""Loads and measures the world, then measures every unit that is missing."""
