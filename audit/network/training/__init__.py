"""Trains networks anew."""
