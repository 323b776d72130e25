"""One default deployment for the tests that only look."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():  # the SDK warns about its own old names as it is imported
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws

    for module in (pulumi_aws.lambda_, pulumi_aws.s3):
        dir(module)  # imports it: the SDK's modules are lazy

from tests.components.harness import Deployed, deploy


@pytest.fixture(scope="session")
def deployed() -> Deployed:
    """The component with one origin and every default."""
    return deploy()
