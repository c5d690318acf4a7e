"""The bot: conversation, storage, Telegram and the command line."""
