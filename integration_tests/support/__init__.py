"""Helpers of the end-to-end tests and the benchmarks; they do not depend on pytest."""
