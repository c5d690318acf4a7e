"""The bot under load, as a process of its own: `make load`."""
