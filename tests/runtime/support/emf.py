"""The JSON schema of CloudWatch's embedded metric format, from AWS's specification of the format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
The names of units are those of CloudWatch's API, which botocore publishes.
"""

from __future__ import annotations

from typing import Any

import botocore.session
from jsonschema import Draft202012Validator


def _units() -> list[str]:
    model = botocore.session.Session().get_service_model("cloudwatch")
    units: list[str] = model.shape_for("StandardUnit").enum
    return units


_METRIC = {
    "type": "object",
    "required": ["Name"],
    "additionalProperties": False,
    "properties": {
        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
        "Unit": {"enum": _units()},
        "StorageResolution": {"enum": [1, 60]},
    },
}
_DIMENSION_SET = {
    "type": "array",
    "maxItems": 30,
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1, "maxLength": 250},
}
_DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
        "Dimensions": {"type": "array", "minItems": 1, "items": _DIMENSION_SET},
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": _METRIC},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 0},
                "CloudWatchMetrics": {"type": "array", "items": _DIRECTIVE},
            },
        }
    },
}
MAX_DIMENSION_VALUE = 1024
_VALIDATOR = Draft202012Validator(SCHEMA)


def check(document: Any) -> None:
    """Check a log event: the schema, and that the root has each target member with a value of its kind.

    Raises:
        jsonschema.ValidationError: the document does not match the schema.
        AssertionError: a target member is missing or has a value that CloudWatch does not take.
    """
    _VALIDATOR.validate(document)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            value = document.get(metric["Name"])
            assert type(value) in (int, float), metric
        for name in {name for names in directive["Dimensions"] for name in names}:
            value = document.get(name)
            assert isinstance(value, str), name
            assert 1 <= len(value) <= MAX_DIMENSION_VALUE, name
