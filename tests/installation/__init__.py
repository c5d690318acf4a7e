"""The program as it is installed, without this checkout (`make test-wheel`)."""
