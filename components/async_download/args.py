"""Arguments of `AsyncDownload`. Written by `make docs` from `async_download/settings`: do not edit.

Objects, maps, numbers and booleans are plain and only string leaves are inputs: this shape reaches the constructor
intact from every Pulumi language.
"""

from typing import NotRequired, TypedDict

import pulumi

from async_download.settings.auth import AuthorizerKind, RestAuth
from async_download.settings.cloud import ExecutionType


class Origin(TypedDict):
    """An origin of files. Clients name it and a path under it, never a host."""

    base_url: pulumi.Input[str]
    """URL that paths are appended to, for instance https://reports.example.com/exports/."""

    default_path: NotRequired[str]
    """Path of a request that names none. Default: a path is required."""

    secret_headers: NotRequired[dict[str, pulumi.Input[str]]]
    """Request headers, each with the complete ARN of the Secrets Manager secret that holds its value. Default: none."""

    allow_http: NotRequired[bool]
    """Whether `base_url` may be plain http. Default: false."""

    allow_private: NotRequired[list[str]]
    """Private address ranges (CIDR) that the origin's hosts may resolve to. Default: public addresses only."""

    ca_bundle: NotRequired[pulumi.Input[str]]
    """ARN of a Secrets Manager secret or SSM parameter with the CA certificates (PEM) to trust. Default: public CAs."""

    redirects: NotRequired[str]
    """Redirects that are followed: under `base_url` (`base`), on its host (`host`) or to any https URL (`any`). Allowed: `base`, `host`, `any`. Default: `host`."""

    redirect_hosts: NotRequired[list[str]]
    """Further hosts of redirects, to which `allow_private` and `ca_bundle` apply as well. Default: none."""

    encoded_slashes: NotRequired[bool]
    """Whether paths may contain slashes written as `%2F`, and look-alikes of slashes such as U+FF0F. Default: false."""


class Storage(TypedDict):
    """Bucket of the copies."""

    bucket: NotRequired[pulumi.Input[str]]
    """Name of an existing bucket in the stack's region. Its configuration stays its owner's. Default: a new bucket."""

    prefix: NotRequired[str]
    """Prefix of the keys of copies. Allowed: folders of letters, digits and any of !_.'()-, none of them '.' or '..', that end with a slash, at most 256 characters. Default: `downloads/`."""


class Retention(TypedDict):
    """Lifetimes of copies, downloads and pre-signed URLs."""

    object_expiration_days: NotRequired[int]
    """Days until a copy is deleted. Allowed: 1 to 3650. Default: 7."""

    download_expires_seconds: NotRequired[int]
    """Seconds that a download and its tickets are valid; less than a copy lasts. Allowed: 300 to 2592000. Default: 86400."""

    url_expires_seconds: NotRequired[int]
    """Seconds that a pre-signed URL is valid. Allowed: 60 to 900. Default: 900."""


class Authorizer(TypedDict):
    """Authorizer of REST calls: a Lambda function, or Cognito user pools."""

    function_arn: NotRequired[pulumi.Input[str]]
    """ARN of the Lambda function, in the stack's own account and region. Default: none."""

    kind: NotRequired[AuthorizerKind]
    """Input of the Lambda function: `token` or `request`. Default: `token`."""

    user_pool_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of the Cognito user pools whose tokens are accepted. Default: none."""

    scopes: NotRequired[list[str]]
    """OAuth scopes, one of which an access token of Cognito needs. Default: none, for identity tokens."""

    header: NotRequired[str]
    """Request header that carries the token. Allowed: the name of a request header. Default: `Authorization`."""

    cache_seconds: NotRequired[int]
    """Seconds for which a decision is reused for the same header. Allowed: 1 to 3600, or 0 for no cache. Default: 0."""


class ApiKey(TypedDict):
    """An API key for one caller, with a usage plan of its own."""

    rate: NotRequired[int]
    """Requests a second. Allowed: 1 to 10000. Default: `api.throttle_rate`."""

    burst: NotRequired[int]
    """Requests at once. Allowed: 1 to 5000. Default: `api.throttle_burst`."""

    requests_per_day: NotRequired[int]
    """Requests in a day (UTC). Allowed: 1 to 1000000000, or 0 for no limit. Default: 0."""


class Auth(TypedDict):
    """Authorization of REST calls."""

    type: NotRequired[RestAuth]
    """Authorization of callers of the REST API. Allowed: `iam`, `api_key`, `authorizer`, `none`. Default: `iam`."""

    authorizer: NotRequired[Authorizer]
    """The Lambda function or the Cognito user pools with `type` `authorizer`. Default: none."""

    api_keys: NotRequired[dict[str, ApiKey]]
    """Further keys with `type` `api_key`, by name. Default: none."""


class Api(TypedDict):
    """Stage and throttling of both APIs, and web pages that call the REST API."""

    stage_name: NotRequired[str]
    """Stage of both APIs, the last part of their URLs. Allowed: letters, digits, '_' and '-', at most 64. Default: `v1`."""

    throttle_rate: NotRequired[int]
    """Requests a second that each API accepts. Allowed: 1 to 10000. Default: 50."""

    throttle_burst: NotRequired[int]
    """Requests at once that each API accepts. Allowed: 1 to 5000. Default: 100."""

    cors_origins: NotRequired[list[str]]
    """Origins of web pages that may call the API, such as https://app.example.com, or `*`. Default: none."""

    web_page: NotRequired[bool]
    """Whether the REST API also serves the web page; only with `auth.type` `api_key` or `none`. Default: false."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function that accepts requests for downloads. Allowed: 1 to 10000, or 0 for none. Default: 0."""

    rest_api_id: NotRequired[pulumi.Input[str]]
    """Id of an existing REST API to which the routes are added. Its deployment and stage stay its owner's. Default: a new API."""

    root_resource_id: NotRequired[pulumi.Input[str]]
    """Id of the resource of that API under which the routes are added. Default: none."""

    domain_name: NotRequired[str]
    """Custom domain of the REST API, which replaces host and stage in its URLs. Allowed: a lower-case host name such as files.example.com, without a scheme, a path and a wildcard. Default: none."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """ARN of the ACM certificate of `domain_name`, in the stack's account and region. Default: none."""

    disable_execute_api_endpoint: NotRequired[bool]
    """Whether the REST API answers at its custom domain only, and no longer at `execute-api`. Default: false."""

    web_acl_arn: NotRequired[pulumi.Input[str]]
    """ARN of the web ACL of AWS WAF that filters REST requests, in the stack's account and region. Default: none."""


class WebSocket(TypedDict):
    """Connections of the WebSocket API."""

    max_connections_per_download: NotRequired[int]
    """Connections that may wait for one download at once. Allowed: 1 to 100. Default: 10."""

    idle_timeout_seconds: NotRequired[int]
    """Seconds until a connection that is idle after the end of its download is closed. Allowed: 10 to 240, or 0 for never. Default: 120."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function that accepts connections. Allowed: 1 to 10000, or 0 for none. Default: 0."""

    domain_name: NotRequired[str]
    """Custom domain of the WebSocket API, another one than `api.domain_name`. Functions post to `execute-api`. Allowed: a lower-case host name such as files.example.com, without a scheme, a path and a wildcard. Default: none."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """ARN of the ACM certificate of `domain_name`, in the stack's account and region. Default: none."""


class Limits(TypedDict):
    """Limits of one file and of one caller."""

    max_file_mb: NotRequired[int]
    """Size in MB of the largest file that is copied. Allowed: 1 to 53000000. Default: 1000000."""

    max_downloads_per_caller: NotRequired[int]
    """Downloads of one caller that run at once, and at most half of `copying.reserved_concurrency`. Allowed: 1 to 500, or 0 for no limit. Default: 100."""

    daily_mb_per_caller: NotRequired[int]
    """MB that are copied for one caller in a day (UTC). Allowed: 1 to 1000000000, or 0 for no limit. Default: 0."""


class Copying(TypedDict):
    """Size and number of the functions that copy files, and reuse of copies."""

    memory_mb: NotRequired[int]
    """Memory of a copying function in MB. Its bandwidth grows with it. Allowed: 256 to 10240. Default: 1024."""

    concurrency: NotRequired[int]
    """Functions that copy slices of one large file at once. Each requests 4 ranges at once. Allowed: 1 to 1000. Default: 8."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function that copies whole files. Allowed: 1 to 10000, or 0 for none. Default: 0."""

    slice_reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function that copies slices, at least `concurrency`. Allowed: 1 to 10000, or 0 for none. Default: 0."""

    slice_threshold_mb: NotRequired[int]
    """Size in MB above which a file is copied in slices, if its origin serves ranges. Allowed: 64 to 60000, or 0 for never. Default: 256."""

    reuse_seconds: NotRequired[int]
    """Seconds that a copy serves other requests for the same version. Allowed: 60 to 2592000, or 0 for never. Default: 0."""


class Vpc(TypedDict):
    """Subnets and security groups of the copying functions, for private origins."""

    subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Subnets that files are copied from. Default: no VPC."""

    security_group_ids: NotRequired[list[pulumi.Input[str]]]
    """Security groups of the copying functions. Default: no VPC."""


class Alarms(TypedDict):
    """Alarms of CloudWatch: none without a topic. Each number is the lowest that raises its alarm."""

    topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic, in the stack's region, that gets a message when an alarm goes to ALARM or OK. Default: no alarms."""

    dead_letters: NotRequired[int]
    """Messages in the dead-letter queue. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    dead_letter_hours: NotRequired[int]
    """Hours that a message has been in the dead-letter queue. Allowed: 1 to 312, or 0 for no alarm. Default: 24."""

    function_errors: NotRequired[int]
    """Errors of the functions in five minutes, in three out of four such periods; single errors are retried. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    function_throttles: NotRequired[int]
    """Throttled calls of the functions in five minutes, in three out of four such periods. Allowed: 1 to 1000000, or 0 for no alarm. Default: 10."""

    dropped_calls: NotRequired[int]
    """Asynchronous calls of functions that Lambda gave up, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    timed_out_executions: NotRequired[int]
    """Executions of the copying state machine that timed out, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    failed_executions_percent: NotRequired[int]
    """Percent of at least ten executions of an hour that failed, for whatever reason. Allowed: 1 to 100, or 0 for no alarm. Default: 50."""

    failed_downloads: NotRequired[int]
    """Downloads that failed through this stack or a service of AWS, not an origin or a caller, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    missed_messages: NotRequired[int]
    """Messages that connected clients missed because API Gateway throttled or refused them, in five minutes, in three out of four such periods. Allowed: 1 to 1000000, or 0 for no alarm. Default: 10."""

    rest_server_errors: NotRequired[int]
    """Answers of the REST API with a status of 5xx, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 5."""

    websocket_execution_errors: NotRequired[int]
    """Calls of functions that the WebSocket API could not make, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 5."""

    websocket_integration_errors: NotRequired[int]
    """Connections and messages that functions refused or failed at, in five minutes. Wrong tickets count. Allowed: 1 to 1000000, or 0 for no alarm. Default: 100."""

    table_throttles: NotRequired[int]
    """Throttled reads and writes of the tables in five minutes, in three out of four such periods. Allowed: 1 to 1000000, or 0 for no alarm. Default: 10."""

    failed_events: NotRequired[int]
    """Events of executions that EventBridge could not deliver, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""

    idle_closer_failures: NotRequired[int]
    """Executions that failed to close idle WebSockets, in five minutes. Allowed: 1 to 1000000, or 0 for no alarm. Default: 1."""


class Observability(TypedDict):
    """Logs, metrics, traces, events, alarms and the dashboard."""

    tracing: NotRequired[bool]
    """Whether X-Ray traces the REST API, the functions and the state machine. Default: true."""

    log_retention_days: NotRequired[int]
    """Days that logs are kept: one of the numbers that CloudWatch Logs accepts. Allowed: 1 to 3653. Default: 30."""

    log_group_prefix: NotRequired[str]
    """First part of the names of all log groups, to which a slash and the name of the function or API are added. Allowed: letters, digits and any of _.#/-, at most 256, that do not begin with aws/ and do not end with a slash. Default: the folder of the service, such as that of Lambda."""

    access_logs: NotRequired[bool]
    """Whether the APIs write access logs. Needs the account's CloudWatch role for API Gateway. Default: false."""

    manage_api_gateway_account: NotRequired[bool]
    """Whether to set the account's CloudWatch role for API Gateway, which its whole region shares. Default: false."""

    metrics: NotRequired[bool]
    """Whether the functions count downloads, bytes, seconds and failures as CloudWatch metrics, in their logs. Default: true."""

    saved_queries: NotRequired[bool]
    """Whether to save queries of the logs in CloudWatch: failures, slowest downloads, throttles and others. Default: false."""

    event_bus: NotRequired[pulumi.Input[str]]
    """Name or ARN of the EventBridge bus that gets an event for each download that has ended. Default: no events."""

    dashboard: NotRequired[bool]
    """Whether a CloudWatch dashboard shows the stack on one page. Default: false."""

    alarms: NotRequired[Alarms]
    """Alarms of CloudWatch: none without a topic. Each number is the lowest that raises its alarm."""


class Encryption(TypedDict):
    """Encryption at rest and in transit."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of a customer-managed KMS key for copies, tables, logs and the dead-letter queue. Default: keys of AWS."""

    tls_only: NotRequired[bool]
    """Whether the bucket refuses plain http. Default: true."""


class Protection(TypedDict):
    """Protection of data against deletion, and limits of the stack's roles."""

    protect: NotRequired[bool]
    """Whether bucket, tables and APIs can be deleted or replaced only after this is false again. Default: false."""

    retain_on_delete: NotRequired[bool]
    """Whether bucket and tables stay when the stack is destroyed. Default: false."""

    force_destroy: NotRequired[bool]
    """Whether destroying the stack also deletes the copies in its bucket. Default: false."""

    point_in_time_recovery: NotRequired[bool]
    """Whether the tables can be restored to any second of the last 35 days. Default: false."""

    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """ARN of the IAM policy that is the permissions boundary of every role. Default: no boundary."""

    role_path: NotRequired[str]
    """IAM path of every role. A change replaces the roles. Allowed: folders of letters, digits and any of _+=,.@-, with a slash before, between and after them, at most 256 characters; not those of AWS, which begin with /aws-. Default: `/`."""


class Cloud(TypedDict):
    """Differences of a cloud that is not AWS, such as one on this machine."""

    execute_api_url: NotRequired[str]
    """Base URL of a cloud that serves its APIs as `{base}/{api}/{stage}`. Allowed: an http or https URL. Default: a host for each API."""

    loopback_origins: NotRequired[bool]
    """Whether origins may be on the loopback interface, for a cloud that runs on this machine. Default: false."""

    slice_execution_type: NotRequired[ExecutionType]
    """Type of the executions that copy slices; `STANDARD` costs more. Allowed: `EXPRESS`, `STANDARD`. Default: `EXPRESS`."""


class AsyncDownloadArgs(TypedDict):
    """Arguments of `AsyncDownload`."""

    origins: dict[str, Origin]
    """Origins that files are copied from, by name."""

    storage: NotRequired[Storage]
    """Bucket of the copies."""

    retention: NotRequired[Retention]
    """Lifetimes of copies, downloads and pre-signed URLs."""

    auth: NotRequired[Auth]
    """Authorization of REST calls."""

    api: NotRequired[Api]
    """Stage and throttling of both APIs, and web pages that call the REST API."""

    websocket: NotRequired[WebSocket]
    """Connections of the WebSocket API."""

    limits: NotRequired[Limits]
    """Limits of one file and of one caller."""

    copying: NotRequired[Copying]
    """Size and number of the functions that copy files, and reuse of copies."""

    vpc: NotRequired[Vpc]
    """Subnets and security groups of the copying functions, for private origins."""

    observability: NotRequired[Observability]
    """Logs, metrics, traces, events, alarms and the dashboard."""

    encryption: NotRequired[Encryption]
    """Encryption at rest and in transit."""

    protection: NotRequired[Protection]
    """Protection of data against deletion, and limits of the stack's roles."""

    name_prefix: NotRequired[str]
    """Prefix of the names of functions, roles, tables and other resources. Allowed: a letter, then letters, digits, '_' and '-', at most 128. Default: project, stack and component."""

    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource that can carry them, beside Project, Stack and Component. Default: none."""

    cloud: NotRequired[Cloud]
    """Differences of a cloud that is not AWS, such as one on this machine."""
