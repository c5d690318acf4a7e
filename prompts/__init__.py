"""How it is said: Jinja2 templates and what turns them into messages."""
