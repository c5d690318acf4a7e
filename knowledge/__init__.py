"""What the bot knows: entries in Markdown, strictly read."""
