"""The adapter to Telegram, and the only room that knows python-telegram-bot."""

import os

# python-telegram-bot is migrating durations from numbers to timedelta: opt in, which silences its warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")
