"""Statements of roles and of the key's policy for a customer-managed key. Pure functions.

Services use a key in the name of their caller: DynamoDB to read a table's own key, S3 to read and write objects, SQS to
write messages. The use of the key that a role needs follows from its other actions. Secrets of origins may be under any
key: statements.py.
"""

from collections.abc import Sequence
from typing import Any

from async_download.statements import Statement, allow

KEY_ARN = r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}"
READS = (  # actions, or services with all of theirs, that need the key to decrypt
    "dynamodb:",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",  # parts are read again as they are put together
    "sqs:SendMessage",
)
WRITES = ("s3:PutObject", "sqs:SendMessage")  # actions that need a data key
LOG_ACTIONS = [f"kms:{verb}" for verb in ("Decrypt*", "Describe*", "Encrypt*", "GenerateDataKey*", "ReEncrypt*")]
LOG_FOLDERS = ("/aws/apigateway", "/aws/lambda", "/aws/vendedlogs/states")
STEM_LENGTH = 32  # of a long prefix the names of all log groups keep at least this much


def with_key(statements: Sequence[Statement], key: str) -> list[Statement]:
    """Return the statements with the use of the key that they need, through the services of their actions only."""
    actions = {action for statement in statements for action in _listed(statement["Action"])}
    uses = (("ReadByKey", "kms:Decrypt", READS), ("WriteByKey", "kms:GenerateDataKey", WRITES))
    return [
        *statements,
        *(
            _through(allow(sid, action, key), services, key)
            for sid, action, needed in uses
            if (services := sorted({action.split(":")[0] for action in actions if action.startswith(needed)}))
        ),
    ]


def policy_statements(*, key: str, queue: str, log_folders: Sequence[str], name_prefix: str) -> list[Statement]:
    """Return the statements of the key's policy for services that use the key by themselves.

    Partition, region and account are those of the queue.
    """
    _, partition, _, region, account, _ = queue.split(":")
    logs = f"arn:{partition}:logs:{region}:{account}"
    groups = [f"{logs}:log-group:{folder}/{name_prefix[:STEM_LENGTH]}*" for folder in log_folders]
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return [
        _service("Logs", f"logs.{region}.{suffix}", LOG_ACTIONS, key)
        | {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}},
        _service("LogDelivery", "delivery.logs.amazonaws.com", use, key)
        | {"Condition": {"ArnLike": {"kms:EncryptionContext:SourceArn": f"{logs}:*"}}},
        _service("UndeliveredEvents", "events.amazonaws.com", use, key)
        | {"Condition": {"ArnEquals": {"kms:EncryptionContext:aws:sqs:arn": queue}}},
    ]


def _through(statement: Statement, services: Sequence[str], key: str) -> Statement:
    region = key.split(":")[3]
    hosts = [f"{service}.{region}.*" for service in services]
    return statement | {"Condition": {"StringLike": {"kms:ViaService": hosts}}}


def _service(sid: str, service: str, actions: list[str], key: str) -> Statement:
    return allow(sid, actions, key) | {"Principal": {"Service": service}}


def _listed(actions: Any) -> list[str]:
    return [actions] if isinstance(actions, str) else list(actions)
