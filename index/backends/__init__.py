"""Where an index is kept: a folder, or PostgreSQL with pgvector."""
