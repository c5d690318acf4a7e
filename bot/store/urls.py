"""Addresses of stores."""

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")
