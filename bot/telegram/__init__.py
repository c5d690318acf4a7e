"""Between Telegram's types and ours: thin, in both directions."""

import os

# python-telegram-bot is moving its waiting times from numbers to timedelta; take the new form, without its warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")
