"""The sandbox over HTTP, as its page uses it."""
