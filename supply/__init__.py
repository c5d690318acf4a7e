"""What the bot is made of: known vulnerabilities and licences of the packages. For development; never imported by it."""
