"""Logs, metrics, traces, events, alarms and the dashboard.

Saved queries cost nothing, but are off by default: their permissions have no resources, so that the role that deploys
would have to be allowed to change the queries of the whole account, and an upgrade would fail until it is. Their text
can be used without them.
"""

from dataclasses import dataclass, replace
from typing import Self

import pulumi

from async_download.settings.alarms import COUNTED, Alarms
from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import Group, computed_text, flag, group, number, text

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
EVENT_BUS_NAME = r"[A-Za-z0-9._-]{1,256}"
EVENT_BUS = rf"{EVENT_BUS_NAME}|arn:[a-z-]+:events:[a-z0-9-]+:\d{{12}}:event-bus/{EVENT_BUS_NAME}"

LOG_GROUP_PREFIX = r"(?!aws/)(?=.{1,256}$)[A-Za-z0-9_.#/-]*[A-Za-z0-9_.#-]"  # with a name, far below AWS's 512


@dataclass(frozen=True)
class Observability(Group):
    """Logs, metrics, traces, events, alarms and the dashboard."""

    tracing: bool = flag(True, "Whether X-Ray traces the REST API, the functions and the state machine.")
    log_retention_days: int = number(
        30, 1, 3653, "Days that logs are kept: one of the numbers that CloudWatch Logs accepts."
    )
    log_group_prefix: str = text(
        "",
        LOG_GROUP_PREFIX,
        "letters, digits and any of _.#/-, at most 256, that do not begin with aws/ and do not end with a slash",
        "First part of the names of all log groups, to which a slash and the name of the function or API are added.",
        unset="the folder of the service, such as that of Lambda",
    )
    access_logs: bool = flag(
        False, "Whether the APIs write access logs. Needs the account's CloudWatch role for API Gateway."
    )
    manage_api_gateway_account: bool = flag(
        False, "Whether to set the account's CloudWatch role for API Gateway, which its whole region shares."
    )

    metrics: bool = flag(
        True, "Whether the functions count downloads, bytes, seconds and failures as CloudWatch metrics, in their logs."
    )
    saved_queries: bool = flag(
        False, "Whether to save queries of the logs in CloudWatch: failures, slowest downloads, throttles and others."
    )

    event_bus: pulumi.Input[str] | None = computed_text(
        EVENT_BUS,
        "the name of an EventBridge bus in the stack's account and region, or the ARN of a bus in its region",
        "Name or ARN of the EventBridge bus that gets an event for each download that has ended.",
        unset="no events",
    )
    dashboard: bool = flag(False, "Whether a CloudWatch dashboard shows the stack on one page.")
    alarms: Alarms = group(Alarms)

    def log_folder(self, service_folder: str) -> str:
        """Return what stands before the slash and the name in a log group's name."""
        return self.log_group_prefix or service_folder

    def without_rest_alarm(self) -> Self:
        """Return the settings without the alarm on the REST API: the owner of an existing one knows its metrics."""
        return replace(self, alarms=replace(self.alarms, rest_server_errors=0))

    def validated(self, path: str) -> Self:
        """Refuse a retention that CloudWatch Logs does not accept, and alarms on metrics that are off."""
        if self.log_retention_days not in RETENTIONS:
            allowed = f"one of {', '.join(map(str, RETENTIONS))}"
            raise InvalidSetting(f"{path}.log_retention_days", self.log_retention_days, allowed)
        if self.alarms.topic_arn is not None and not self.metrics:
            for name in COUNTED:
                if threshold := getattr(self.alarms, name):
                    allowed = "0 with observability.metrics false, because the alarm watches a metric of the functions"
                    raise InvalidSetting(f"{path}.alarms.{name}", threshold, allowed)
        return self
