"""Figures, measured on the emulator. Nothing here asserts: tests do that."""
