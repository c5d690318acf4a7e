"""Strict parsers for text, YAML and Markdown written by hand."""
