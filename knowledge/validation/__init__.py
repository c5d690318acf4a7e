"""Rules that go across the records of a knowledge base."""
