"""What a method must satisfy: sensitivities and invariances, one per file; what they share stands in ``shared``."""
