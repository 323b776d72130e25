"""The product's own adapters, definitions and archives on implementations of AWS that others wrote."""
