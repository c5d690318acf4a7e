"""Helpers that several tests share: paths, servers and readers of files."""
