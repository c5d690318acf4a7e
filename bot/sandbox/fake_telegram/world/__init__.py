"""What Telegram holds: chats, messages, files, updates."""
