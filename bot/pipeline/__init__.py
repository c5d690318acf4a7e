"""Durable in, one transaction, durable out."""
