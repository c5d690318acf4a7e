"""The files of an index version, written by the builder and opened by the reader."""
