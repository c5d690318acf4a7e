"""Finding the entry that answers a question: encoder, FAISS, FTS5, fusion, decision."""
