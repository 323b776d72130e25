"""Stand-in for the official Pulumi AWS provider: creates the same resources on an emulator, without a download."""
