"""The command `async-download-admin` for operators of async-download stacks."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
