"""What both databases share: statements, rows and JSON columns."""
