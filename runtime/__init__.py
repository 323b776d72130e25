"""The code of the Lambda functions: handlers -> logic -> ports <- adapters (botocore)."""
