"""Attacks: each test is one attack, and says what it must not achieve. See docs/security.md."""
