"""What a stack may say about its downloads.

Objects, maps, numbers and booleans are plain and only string leaves are inputs: this shape reaches the constructor
intact from every Pulumi language.
"""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi


class RestAuth(StrEnum):
    """Who may call the REST API."""

    IAM = "iam"
    """Callers sign with AWS credentials (SigV4) and need `execute-api:Invoke`."""

    API_KEY = "api_key"
    """Callers send the header `x-api-key`; the component makes a key and its usage plan."""

    AUTHORIZER = "authorizer"
    """Callers send what `authorizer` asks for: a token for a Lambda function of yours, or for Cognito."""

    NONE = "none"
    """Anybody may ask for any file of the configured origins. Warned about at deploy time."""


class AuthorizerKind(StrEnum):
    """What a Lambda authorizer is shown of a call."""

    TOKEN = "token"  # noqa: S105  (AWS's name of the kind)
    """The value of one header."""

    REQUEST = "request"
    """Method, path, headers and query string."""


class ExecutionType(StrEnum):
    """Type of the executions that copy the slices of a large file, as in a Distributed Map's `ProcessorConfig`."""

    EXPRESS = "EXPRESS"
    """Cheap, and ended by Step Functions after five minutes. The choice on AWS."""

    STANDARD = "STANDARD"
    """Two state transitions for each slice. For clouds whose Distributed Map refuses the other."""


class ApiKey(TypedDict):
    """An API key for one caller, and what its usage plan allows."""

    rate: NotRequired[int]
    """Requests a second, 1 to 10000. Default: `throttle_rate`."""

    burst: NotRequired[int]
    """Requests at once, 1 to 5000. Default: `throttle_burst`."""

    requests_per_day: NotRequired[int]
    """Requests in a day (UTC), 1 to 1000000000; 0 is no limit. Default: 0."""


class Authorizer(TypedDict):
    """Who decides about callers with `rest_auth` `authorizer`: a Lambda function, or Cognito user pools."""

    function_arn: NotRequired[pulumi.Input[str]]
    """ARN of the Lambda function, in the stack's own account and region. Default: Cognito decides."""

    kind: NotRequired[AuthorizerKind]
    """What the function is shown: `token` or `request`. Default: `token`."""

    user_pool_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of the Cognito user pools whose tokens are accepted. Default: a function decides."""

    scopes: NotRequired[list[str]]
    """OAuth scopes, one of which an access token of Cognito needs. Default: none, for identity tokens."""

    header: NotRequired[str]
    """Request header that says who calls. Default: `Authorization`."""

    cache_seconds: NotRequired[int]
    """How long a decision stands for the same header, 0 to 3600; 0 asks for each call. Default: 0."""


class Origin(TypedDict):
    """A place that files are copied from. Clients name it and a path under it, never a host."""

    base_url: pulumi.Input[str]
    """URL that paths are appended to, for instance https://reports.example.com/exports/."""

    default_path: NotRequired[str]
    """Path that is served when a client names none. Default: a path is required."""

    secret_headers: NotRequired[dict[str, pulumi.Input[str]]]
    """Request headers, each with the complete ARN of the Secrets Manager secret that holds its value. Default: none."""

    allow_http: NotRequired[bool]
    """Whether `base_url` may be plain http. Default: false."""

    allow_private: NotRequired[list[str]]
    """Private address ranges (CIDR) that the origin's hosts may resolve to. Default: public addresses only."""

    ca_bundle: NotRequired[pulumi.Input[str]]
    """ARN of a Secrets Manager secret or SSM parameter with the CA certificates (PEM) to trust. Default: public CAs."""

    redirects: NotRequired[str]
    """Which redirects are followed: `base` (under `base_url`), `host` (its host) or `any` (https). Default: `host`."""

    redirect_hosts: NotRequired[list[str]]
    """Hosts that redirects may lead to as well, with `allow_private` and `ca_bundle` as for its own. Default: none."""


class AsyncDownloadArgs(TypedDict):
    """Arguments of `AsyncDownload`."""

    origins: dict[str, Origin]
    """Where files come from: a name for clients to use, and the origin behind it."""

    bucket: NotRequired[pulumi.Input[str]]
    """Existing bucket of the region to copy into; its configuration stays its owner's. Default: a bucket is made."""

    object_prefix: NotRequired[str]
    """Where in the bucket copies are kept; ends with a slash. Default: `downloads/`."""

    object_expiry_days: NotRequired[int]
    """Days until a copy is deleted, 1 to 3650. Default: 7."""

    download_expires_seconds: NotRequired[int]
    """How long a download and its tickets are valid, 300 to 2592000 and shorter than the copy lives. Default: 86400."""

    url_expires_seconds: NotRequired[int]
    """How long a pre-signed URL is valid, 60 to 900. Default: 900."""

    max_connections: NotRequired[int]
    """Sockets that may wait for one download at once, 1 to 100. Default: 10."""

    max_downloads_per_caller: NotRequired[int]
    """Downloads of one caller that run at once, 1 to 500; 0 is no limit. Default: 100.

    Where `copy_reserved_concurrency` caps copying, one caller has at most half of that.
    """

    daily_mb_per_caller: NotRequired[int]
    """MB that are copied for one caller in a day (UTC), 1 to 1000000000; 0 is no limit. Default: 0."""

    close_idle_seconds: NotRequired[int]
    """Seconds until a socket that was told the end and is idle is closed, 10 to 240; 0 is never. Default: 120."""

    rest_auth: NotRequired[RestAuth]
    """Who may call the REST API: `iam`, `api_key`, `authorizer` or `none`. Default: `iam`."""

    authorizer: NotRequired[Authorizer]
    """The Lambda function or the Cognito user pools of `rest_auth` `authorizer`. Default: none."""

    api_keys: NotRequired[dict[str, ApiKey]]
    """Further keys with `rest_auth` `api_key`, by name, each with a usage plan of its own. Default: none."""

    cors_origins: NotRequired[list[str]]
    """Origins of web pages that may call the API, such as https://app.example.com, or `*`. Default: none."""

    web_page: NotRequired[bool]
    """Whether the REST API also serves the web page; only with `rest_auth` `api_key` or `none`. Default: false."""

    stage_name: NotRequired[str]
    """Stage of both APIs, the last part of their URLs. Default: `v1`."""

    throttle_rate: NotRequired[int]
    """Requests a second that each API accepts, 1 to 10000. Default: 50."""

    throttle_burst: NotRequired[int]
    """Requests at once that each API accepts, 1 to 5000. Default: 100."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of a KMS key of yours for copies, tables, logs and the queue of what failed. Default: AWS's own keys."""

    tls_only: NotRequired[bool]
    """Whether the bucket refuses plain http. Default: true."""

    point_in_time_recovery: NotRequired[bool]
    """Whether the tables can be restored to any second of the last 35 days. Default: false."""

    access_logs: NotRequired[bool]
    """Whether the APIs write access logs; needs the account's CloudWatch role for API Gateway. Default: false."""

    manage_api_gateway_account: NotRequired[bool]
    """Whether to set that role, which the whole account and region share. Default: false."""

    tracing: NotRequired[bool]
    """Whether X-Ray traces the REST API, the functions and the state machine. Default: true."""

    log_retention_days: NotRequired[int]
    """Days that logs are kept: one of the numbers that CloudWatch knows. Default: 30."""

    request_concurrency: NotRequired[int]
    """Executions reserved for, and at most used by, taking requests, 0 to 10000; 0 reserves none. Default: 0."""

    connect_concurrency: NotRequired[int]
    """Executions reserved for, and at most used by, letting sockets in, 0 to 10000; 0 reserves none. Default: 0."""

    copy_memory_mb: NotRequired[int]
    """Memory of a copying worker in MB, 256 to 10240; its bandwidth grows with it. Default: 1024."""

    copy_concurrency: NotRequired[int]
    """Workers that copy slices of one large file at once, 1 to 1000; each asks for 4 ranges at once. Default: 8."""

    copy_reserved_concurrency: NotRequired[int]
    """Executions reserved for, and at most used by, copying whole files, 0 to 10000; 0 reserves none. Default: 0."""

    slice_reserved_concurrency: NotRequired[int]
    """As `copy_reserved_concurrency`, for slices of large files: 0, or `copy_concurrency` or more. Default: 0."""

    slice_execution_type: NotRequired[ExecutionType]
    """Type of the executions that copy slices: `EXPRESS`, or the dearer `STANDARD`. Default: `EXPRESS`."""

    fan_out_mb: NotRequired[int]
    """MB, 64 to 60000, above which files are copied in slices if their origin has ranges; 0 is never. Default: 256."""

    max_file_mb: NotRequired[int]
    """Size in MB of the largest file that is copied, 1 to 53000000. Default: 1000000, which is 1 TB."""

    reuse_seconds: NotRequired[int]
    """How long a copy serves others who ask for the same version of a file, 60 to 2592000; 0 is never. Default: 0."""

    vpc_subnet_ids: NotRequired[list[pulumi.Input[str]]]
    """Subnets that files are copied from, for origins inside a VPC; see docs/private-origins.md. Default: no VPC."""

    vpc_security_group_ids: NotRequired[list[pulumi.Input[str]]]
    """Security groups of the copying functions there. Default: no VPC."""

    force_destroy: NotRequired[bool]
    """Whether destroying the stack also deletes the copies in its bucket. Default: false."""

    protect: NotRequired[bool]
    """Whether bucket, tables and APIs are deleted or replaced only once this is false again. Default: false."""

    retain_data: NotRequired[bool]
    """Whether bucket and tables stay when the stack is destroyed. Default: false."""

    name_prefix: NotRequired[str]
    """How the names of functions, roles, tables and the rest begin. Default: project, stack and component."""

    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags for every resource that can carry them, beside Project, Stack and Component. Default: none."""

    execute_api_url: NotRequired[str]
    """Base URL of a cloud that serves its APIs as `{base}/{api}/{stage}`. Default: as AWS does, a host for each API."""

    loopback_origins: NotRequired[bool]
    """Whether origins may be on the loopback interface, for a cloud that runs on this machine. Default: false."""
