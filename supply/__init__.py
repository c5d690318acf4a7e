"""What the bot is made of: known vulnerabilities and licences of its packages. The bot itself never imports it."""
