"""The bot under load, as a separate process: `make load`."""
