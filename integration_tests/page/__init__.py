"""The web page in a real browser, against the running emulator: `make test-page`."""
