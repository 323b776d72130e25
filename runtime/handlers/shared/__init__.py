"""Settings and adapters that several handlers have in common; a handler imports only the module that it needs."""
