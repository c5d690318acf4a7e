"""The records of the knowledge base: one module for each kind and its file format."""
