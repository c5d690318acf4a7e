"""Pictures for the docs: a story played against the stand-in, drawn by a browser."""
