"""From evidence to verdicts, and from verdicts to the exit code, in NumPy alone."""
