"""What both databases share: statements, rows and values."""
