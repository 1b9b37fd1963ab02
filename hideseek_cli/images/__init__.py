"""Image files and the folders and shards that they lie in."""
