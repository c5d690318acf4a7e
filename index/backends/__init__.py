"""Storage of an index: a folder, or PostgreSQL with pgvector."""
