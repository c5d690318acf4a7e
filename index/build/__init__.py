"""Build a version of an index from a knowledge base."""
