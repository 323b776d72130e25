"""What maintains this repository, and ships with nothing."""
