"""Screenshots for README and docs: a request played on the sandbox page."""
