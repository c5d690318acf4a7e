"""Export models that sentence-transformers can load. Needs torch, unlike the rest of the export."""
