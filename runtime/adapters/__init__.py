"""The ports, implemented with botocore and the standard library."""
