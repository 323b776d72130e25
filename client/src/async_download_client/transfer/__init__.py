"""The download from S3 to the disk: several ranges at once, resumed after an interruption, verified."""
