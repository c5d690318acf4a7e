"""Conversations as pure functions from state and event to a turn."""
