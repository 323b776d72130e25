"""The AsyncDownload component."""
