"""Conditions to parameters, keys and maps: the workshop that checks ask."""
