"""What runs in Lambda: handlers (parse, call, map) -> logic (pure) -> ports <- adapters (botocore)."""
