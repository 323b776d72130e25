"""Copy a large file in slices, each by a worker of its own."""
