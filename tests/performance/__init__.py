"""Speed, memory and load; not part of `make test`."""
