"""Answer what clients send: REST requests, and connections and messages of WebSockets."""
