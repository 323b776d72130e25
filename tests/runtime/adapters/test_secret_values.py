"""Secrets and SSM parameters by their ARN, as AWS and moto find them; MiniStack finds parameters by name only."""

from __future__ import annotations

import secrets

import pytest

from runtime.adapters.secret_values import SecretsManager
from runtime.errors import ServiceError
from tests.runtime.support.in_moto import InMoto

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("parameter_type", ["String", "SecureString"])
def test_ca_bundle_is_read_from_a_parameter(in_moto: InMoto, parameter_type: str) -> None:
    parameters, name = in_moto.client("ssm"), f"/certificates/{secrets.token_hex(4)}"
    parameters.put_parameter(Name=name, Value=PEM, Type=parameter_type)
    arn = parameters.get_parameter(Name=name)["Parameter"]["ARN"]
    assert SecretsManager().get_ca_bundle(arn) == PEM


def test_ca_bundle_is_read_from_a_secret(in_moto: InMoto) -> None:
    secret = in_moto.client("secretsmanager").create_secret(Name=secrets.token_hex(4), SecretString=PEM)
    assert SecretsManager().get_ca_bundle(secret["ARN"]) == PEM


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        ("arn:aws:ssm:us-east-1:123456789012:parameter/none", "GetParameter: ParameterNotFound"),
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-a1B2c3",
            "GetSecretValue: ResourceNotFoundException",
        ),
    ],
)
def test_missing_value_is_an_error_with_its_code(in_moto: InMoto, arn: str, error: str) -> None:
    assert in_moto
    with pytest.raises(ServiceError, match=error):
        SecretsManager().get_ca_bundle(arn)
