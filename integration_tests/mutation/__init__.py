"""Least privilege shown: rights are taken away one by one, and each has to be missed. `make test-mutation`."""
