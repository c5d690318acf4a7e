"""The composition root, and what keeps the bots running."""
