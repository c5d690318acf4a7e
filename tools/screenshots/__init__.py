"""Pictures for README and docs: the sandbox's page, with a request played in it."""
