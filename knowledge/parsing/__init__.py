"""Text, YAML and Markdown as people write them, read strictly."""
