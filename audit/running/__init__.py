"""Loads and measures the model, data and machine, then measures every unit that is missing, and finishes the run."""
