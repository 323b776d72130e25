"""The operator's command against a running stack."""
