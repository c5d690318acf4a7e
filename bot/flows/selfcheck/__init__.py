"""The self-check: its questions, its result, and that of a team."""
