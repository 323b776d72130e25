"""Copy a file from its origin to S3 and verify it."""
