"""The files of one version of an index: written by the builder, opened by the reader."""
