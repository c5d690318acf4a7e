"""How well questions are answered and refused, measured and fitted."""
