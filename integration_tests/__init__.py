"""End to end: deploy once, drive REST and WebSocket, look at what is left."""
