"""Upgrades and rollbacks of a stack while downloads run."""
