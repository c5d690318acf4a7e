"""Words, stems and proper names of a text."""
