"""Alarms, the dashboard and saved queries: what CloudWatch shows of a stack."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download.monitoring.dashboard import create_dashboard
from async_download.monitoring.metric_alarms import create_alarms
from async_download.monitoring.saved_queries import create_saved_queries
from async_download.names import FunctionName
from async_download.resources import Resources
from async_download.scope import Scope


def create_monitoring(
    scope: Scope, resources: pulumi.Output[Resources], functions: Mapping[FunctionName, aws.lambda_.Function]
) -> None:
    """Create what the settings under `observability` ask for: by default nothing."""
    create_alarms(scope, resources)
    create_dashboard(scope, resources)
    create_saved_queries(scope, functions)
