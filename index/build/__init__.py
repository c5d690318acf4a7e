"""A knowledge base becomes a version of an index."""
