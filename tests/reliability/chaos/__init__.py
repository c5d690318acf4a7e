"""Kills the bot at any moment under load, and counts what was lost or done twice."""
