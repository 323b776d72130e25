"""Tests of the web page in Chromium, with a stack on the emulator: `make test-page`."""
