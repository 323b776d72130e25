"""The ports, implemented with boto3 and the standard library."""
