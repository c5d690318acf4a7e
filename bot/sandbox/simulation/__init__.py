"""Everything simulated around the bot: people, stories, mail, and the bot as a task."""
