"""The texts people read, as Jinja2 templates and labels, and their rendering as messages."""
