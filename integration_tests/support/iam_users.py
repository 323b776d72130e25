"""IAM users that call the REST API."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.credentials import Credentials

from integration_tests.support.clouds import Cloud
from integration_tests.support.rest import Signature

SPREAD_SECONDS = 60  # until every part of AWS sees a new user or key


@contextmanager
def user(cloud: Cloud, *actions: str) -> Iterator[Signature]:
    """Create an IAM user that is allowed these actions; yield its signature."""
    iam, name = cloud.client("iam"), f"caller-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        if actions:
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            iam.put_user_policy(UserName=name, PolicyName="call", PolicyDocument=document)
        yield Signature(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), cloud.region)
    finally:
        if actions:
            iam.delete_user_policy(UserName=name, PolicyName="call")
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)
