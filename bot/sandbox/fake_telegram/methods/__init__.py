"""The implemented methods of the Bot API, registered by name."""
