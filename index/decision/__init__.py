"""Calibrated probabilities decide whether to answer."""
