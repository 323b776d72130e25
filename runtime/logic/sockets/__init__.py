"""Messages to WebSockets: build them, send them, close idle sockets."""
