"""What the knowledge base holds: one module for each kind of record and its file format."""
