"""Kills, and what they may not lose."""
