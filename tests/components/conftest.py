"""One default deployment for the tests that only look."""

from __future__ import annotations

import gc
import warnings

import pytest

with warnings.catch_warnings():  # the SDK warns about its own old names as it is imported
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws

    IMPORTED = (pulumi_aws.lambda_.Function, pulumi_aws.s3.Bucket)  # its modules are lazy

from tests.components.support.harness import Deployed, deploy

gc.freeze()  # what the SDK brought stays: no need to look through it again and again
gc.set_threshold(20_000)  # and a deployment makes much that goes at once


@pytest.fixture(scope="session")
def deployed() -> Deployed:
    """The component with one origin and every default."""
    return deploy()
