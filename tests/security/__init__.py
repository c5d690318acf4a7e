"""Attacks: each test is one, and says what does not come of it. See docs/security.md."""
