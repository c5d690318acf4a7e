"""What Telegram accepts: schema, limits, HTML, sizes."""
