"""End a download: READY, FAILED or CANCELLED; notify its clients and free what it held."""
