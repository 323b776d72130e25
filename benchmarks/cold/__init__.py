"""Benchmark of cold starts: `python -m benchmarks.cold`."""
