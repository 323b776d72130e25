"""Downloader for async-download stacks."""
