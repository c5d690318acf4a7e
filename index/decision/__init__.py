"""Probabilities that decide whether to answer."""
