"""Speed, memory and load; no part of `make test`."""
