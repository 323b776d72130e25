"""A default deployment for tests that only read it."""

from __future__ import annotations

import gc
import warnings

import pytest

with warnings.catch_warnings():  # the SDK warns about its own old names as it is imported
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws

    IMPORTED = (pulumi_aws.lambda_.Function, pulumi_aws.s3.Bucket)  # its modules are lazy

from tests.components.support.harness import Deployment, deploy

gc.freeze()  # the SDK stays loaded: the collector need not visit it
gc.set_threshold(20_000)  # a deployment creates many short-lived objects


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    """Deploy the component with one origin and default settings."""
    return deploy()
