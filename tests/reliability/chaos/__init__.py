"""The bot is killed at any instant, under load, and what was lost or done twice is counted."""
