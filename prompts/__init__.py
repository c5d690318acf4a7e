"""The texts people read: Jinja2 templates and labels, and what turns them into messages."""
