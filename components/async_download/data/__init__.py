"""The bucket and the tables."""
