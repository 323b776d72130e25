"""Tests of adapters, state machines and archives on other implementations of AWS."""
