"""Conversations as pure functions: (state, event) -> turn."""
