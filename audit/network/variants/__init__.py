"""Other networks with a known answer: rewritten, shifted, of another precision, tiny."""
