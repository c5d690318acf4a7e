"""Kill the bot at any moment, under load, and count what was lost or done twice.

A life is one run of the bot's process, from its start until it is killed; a kill point is where that happens. A story
is the scripted conversation of one person with the bot and an adviser. An effect is a call that Telegram carried out.
"""
