"""Short journeys of clients. The mutation run uses them to show that every permission is needed."""

from integration_tests.support.journeys import basic, end_events, failure_scenarios, shared_copies
from integration_tests.support.journeys.journey import JOURNEYS, Journey

__all__ = ["JOURNEYS", "Journey", "basic", "end_events", "failure_scenarios", "shared_copies"]
