"""A Lambda function that decides about callers, made beside the stacks that ask it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from integration_tests.support.clouds import Cloud
from integration_tests.support.functions import small_function

SOURCE = Path(__file__).with_name("decides.py")


def deciding_function(cloud: Cloud) -> AbstractContextManager[str]:
    """Its ARN; the function and its role are gone afterwards."""
    return small_function(cloud, SOURCE, "handler")
