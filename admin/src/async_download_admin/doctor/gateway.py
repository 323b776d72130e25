"""Checks of API Gateway: access logs and throttling."""

from __future__ import annotations

from typing import Any

from async_download_admin.doctor.check import Finding, failed, ok, skipped, warning
from async_download_admin.stack import Stack


def check_access_logs(stack: Stack) -> Finding:
    """Check that API Gateway may write the access logs of the stages."""
    logged = [name for name, stage in _stages(stack).items() if _access_log(stage)]
    if not logged:
        return skipped("access logs are off", "observability.accessLogs turns them on")
    role = stack.call("apigateway", "GetAccount").get("cloudwatchRoleArn")
    if not role:
        return failed(
            "the account has no CloudWatch role for API Gateway, so no access log is written",
            "set observability.manageApiGatewayAccount in one stack of the account and region, or create the role",
        )
    return ok(f"{' and '.join(logged)}, written by {role}")


def check_throttling(stack: Stack) -> Finding:
    """Check that the account's limits of API Gateway allow those of the stages."""
    account = stack.call("apigateway", "GetAccount").get("throttleSettings") or {}
    stages = _stages(stack)
    settings = (stages["REST"].get("methodSettings") or {}).get("*/*") or {}
    socket = stages["WebSocket"].get("DefaultRouteSettings") or {}
    rates = [settings.get("throttlingRateLimit", 0), socket.get("ThrottlingRateLimit", 0)]
    bursts = [settings.get("throttlingBurstLimit", 0), socket.get("ThrottlingBurstLimit", 0)]
    if not all((*rates, *bursts)):
        return failed("a stage accepts no request: its limits are 0 or missing", "run `pulumi up --refresh`")
    rate, burst = account.get("rateLimit"), account.get("burstLimit")
    text = f"{max(rates):g} requests a second, {max(bursts)} at once"
    if rate is None or burst is None:
        return skipped("API Gateway names no limits of the account", "nothing; compare them in Service Quotas")
    if max(rates) > rate or max(bursts) > burst:
        return warning(
            f"{text}; the account allows {rate:g} and {burst}",
            "lower api.throttleRate and api.throttleBurst, or request higher limits in Service Quotas",
        )
    return ok(f"{text}; the account allows {rate:g} and {burst}")


def _stages(stack: Stack) -> dict[str, dict[str, Any]]:
    rest, socket = stack.outputs.rest_stage, stack.outputs.socket_stage
    return {
        "REST": stack.call("apigateway", "GetStage", restApiId=rest.api, stageName=rest.stage),
        "WebSocket": stack.call("apigatewayv2", "GetStage", ApiId=socket.api, StageName=socket.stage),
    }


def _access_log(stage: dict[str, Any]) -> bool:
    settings = stage.get("accessLogSettings") or stage.get("AccessLogSettings") or {}
    return bool(settings.get("destinationArn") or settings.get("DestinationArn"))
