"""Tests of `pulumi preview`, `up`, `refresh` and `destroy` with Pulumi's own engine."""
