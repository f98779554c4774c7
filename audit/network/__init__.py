"""The audited model as a pure function of its parameters."""
