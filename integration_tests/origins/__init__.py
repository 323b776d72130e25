"""`make test-origins`: what origins send, copied by the stack and fetched by curl and wget."""
