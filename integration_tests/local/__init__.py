"""Tests that do not depend on engine and target: the local cloud, the wheel, the suite's helpers."""
