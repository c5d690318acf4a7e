"""The people and groups that a test or the page plays."""
