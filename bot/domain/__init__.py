"""Frozen types and pure rules: what people do, what the bot says, what a request is."""
