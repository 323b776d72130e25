"""Alarms and the dashboard: what CloudWatch shows of a stack."""
