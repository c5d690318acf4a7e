"""Measure how well questions are answered and refused, and fit the decision."""
