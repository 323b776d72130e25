"""The REST API and the WebSocket API."""
