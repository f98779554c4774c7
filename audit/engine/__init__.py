"""The bench: turns conditions into parameters, keys and maps for the checks, and retrains networks."""
