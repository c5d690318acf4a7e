"""What several tests share: paths, servers, readers of files."""
