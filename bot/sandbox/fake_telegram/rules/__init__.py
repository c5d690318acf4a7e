"""What Telegram accepts: schema, limits, HTML, images. No state, no network."""
