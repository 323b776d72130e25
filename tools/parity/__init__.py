"""Other people's implementations of AWS services, which `make test-parity` runs the product on."""
