"""The bot is killed at random moments and must lose nothing."""
