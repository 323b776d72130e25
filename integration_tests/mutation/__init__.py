"""Least privilege by experiment: remove one permission at a time; a journey has to fail. Run `make test-mutation`."""
