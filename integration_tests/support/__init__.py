"""What the end-to-end tests and the benchmarks share; nothing here knows pytest."""
