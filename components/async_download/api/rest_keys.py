"""API keys, each in a usage plan of its own."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download.api.rest_base import RestBase
from async_download.scope import Scope
from async_download.settings.auth import ApiKey


def add_key(scope: Scope, name: str, key: ApiKey, api: RestBase, stage: aws.apigateway.Stage) -> aws.apigateway.ApiKey:
    """Add a key and its plan for the stage; the stack's own key has an empty name."""
    suffix = f"-{name}" if name else ""
    api_key = aws.apigateway.ApiKey(
        scope.logical(f"rest-key{suffix}"),
        name=scope.physical(f"rest{suffix}"),
        description="Ask for downloads.",
        tags=scope.tags,
        opts=scope.options(),
    )
    plan = aws.apigateway.UsagePlan(
        scope.logical(f"rest-plan{suffix}"),
        name=scope.physical(f"rest{suffix}"),
        description="Ask for downloads.",
        api_stages=[{"api_id": api.id, "stage": stage.stage_name}],
        throttle_settings={"rate_limit": key.rate, "burst_limit": key.burst},
        quota_settings={"limit": key.requests_per_day, "period": "DAY"} if key.requests_per_day else None,
        tags=scope.tags,
        opts=scope.options(),
    )
    aws.apigateway.UsagePlanKey(
        scope.logical(f"rest-plan-key{suffix}"),
        key_id=api_key.id,
        key_type="API_KEY",
        usage_plan_id=plan.id,
        opts=scope.options(additional_secret_outputs=["value"]),
    )
    return api_key


def ids(keys: Mapping[str, aws.apigateway.ApiKey]) -> pulumi.Output[dict[str, str]]:
    """Return the ids of keys, by name."""
    if not keys:
        return pulumi.Output.from_input({})  # without arguments `Output.all` gives a list
    return pulumi.Output.all(**{name: key.id for name, key in keys.items()})
