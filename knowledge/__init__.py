"""The knowledge base: entries in Markdown and records in YAML, read strictly."""
