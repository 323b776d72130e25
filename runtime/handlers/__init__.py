"""One module per function of the stack, each with a `handler(event, context)`."""
