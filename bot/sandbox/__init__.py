"""Try the bot without Telegram: a stand-in of the Bot API with a page in the browser."""
