"""Everything played around the bot: people, stories, mail, the bot itself."""
