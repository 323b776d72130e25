"""An existing bucket has to be in the stack's region: another is refused before anything is created."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from async_download import AsyncDownload, InvalidSetting

from tests.components.support.harness import ORIGINS, Cloud, deploy, run

MOVED = "operation error S3: HeadBucket, https response error StatusCode: 301, api error MovedPermanently"


@pytest.mark.parametrize("preview", [False, True])
def test_an_existing_bucket_in_another_region_is_refused_with_both_regions(preview: bool) -> None:
    cloud = Cloud(bucket_region="us-west-2", preview=preview)
    allowed = "a bucket in eu-west-1, the region of the stack; this one is in us-west-2"
    with pytest.raises(InvalidSetting, match=rf"^storage\.bucket is 'reports', which is not allowed: {allowed}.$"):
        deploy({"storage.bucket": "reports"}, cloud=cloud, fresh=True)


def test_a_computed_name_of_a_bucket_in_another_region_is_refused_once_it_is_known() -> None:
    def args() -> dict[str, Any]:
        return {"storage.bucket": pulumi.Output.from_input("reports")}

    with pytest.raises(ValueError, match="this one is in us-west-2"):
        deploy(args, cloud=Cloud(bucket_region="us-west-2"))
    assert deploy(args).component_outputs


def test_a_name_that_a_preview_does_not_know_is_not_looked_up() -> None:
    def args() -> dict[str, Any]:
        return {"storage.bucket": aws.s3.Bucket("mine").bucket}

    previewed = deploy(args, cloud=Cloud(bucket_failure="must not be asked", preview=True))
    assert (len(previewed.resources_of("s3/bucket:Bucket")), previewed.lookup_providers) == (1, [])


@pytest.mark.parametrize("reason", [MOVED, "reading S3 Bucket (reports): empty result", "StatusCode: 403, Forbidden"])
def test_an_existing_bucket_that_cannot_be_looked_up_is_refused_with_what_to_check(reason: str) -> None:
    """S3 redirects a request in the wrong region, and the provider reports that as a failure."""
    allowed = r"a bucket in eu-west-1, the region of the stack, that the deploying role may see \(s3:ListBucket\)"
    with pytest.raises(InvalidSetting, match=f"{allowed}; looking it up failed: .*{re.escape(reason)}"):
        deploy({"storage.bucket": "reports"}, cloud=Cloud(bucket_failure=reason), fresh=True)


def test_an_existing_bucket_is_looked_up_with_the_components_provider() -> None:
    """The default provider may work in another region."""

    def program() -> None:
        provider = aws.Provider("there", region="eu-west-1")
        AsyncDownload(
            "files",
            {"origins": ORIGINS, "storage": {"bucket": "reports"}},
            pulumi.ResourceOptions(providers=[provider]),
        )

    providers = run(program).lookup_providers
    assert len(providers) == 2, "the region, and the bucket"
    assert all("pulumi:providers:aws::there::" in provider for provider in providers)
