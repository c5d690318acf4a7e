"""Fit the default encoder to the knowledge base. Needs the extra `train`: torch, sentence-transformers and peft."""
