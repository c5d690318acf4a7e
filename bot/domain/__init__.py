"""Frozen types and pure rules: events, messages, turns, requests for advice and self-checks."""
