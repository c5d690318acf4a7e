"""Try the bot without Telegram: a fake of the Bot API with a page in the browser."""
