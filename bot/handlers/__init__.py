"""Between Telegram's types and ours: thin, in both directions."""
