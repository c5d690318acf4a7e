"""The methods of the Bot API, and how they are found by name."""
