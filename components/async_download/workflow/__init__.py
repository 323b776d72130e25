"""The state machines, and what happens when an execution ends without running its own error handling."""
