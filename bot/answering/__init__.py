"""A message becomes questions, and these become answers."""
