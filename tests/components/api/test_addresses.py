"""URLs of the two APIs."""

from __future__ import annotations

import pytest
from async_download.api import addresses

ENDPOINTS = [
    ("wss://sock.execute-api.eu-west-1.amazonaws.com", "execute-api.eu-west-1.amazonaws.com"),
    ("wss://sock.execute-api.cn-north-1.amazonaws.com.cn", "execute-api.cn-north-1.amazonaws.com.cn"),
]


@pytest.mark.parametrize(("endpoint", "domain"), ENDPOINTS)
def test_urls_take_region_and_suffix_from_the_provider(endpoint: str, domain: str) -> None:
    management = addresses.management_url("sock", endpoint, "v1", "")
    assert addresses.rest_url("rest", "sock", endpoint, "v1", "") == f"https://rest.{domain}/v1"
    assert management == f"https://sock.{domain}/v1"
    assert addresses.socket_url(management) == f"wss://sock.{domain}/v1"


@pytest.mark.parametrize(("base", "scheme"), [("http://127.0.0.1:4566/x", "ws"), ("https://cloud.test/x", "wss")])
def test_a_cloud_with_one_host_for_all_apis(base: str, scheme: str) -> None:
    endpoint = "http://sock.execute-api.localhost:4566"
    management = addresses.management_url("sock", endpoint, "v1", base)
    assert addresses.rest_url("rest", "sock", endpoint, "v1", base) == f"{base}/rest/v1"
    assert management == f"{base}/sock/v1"
    assert addresses.socket_url(management) == f"{scheme}://{base.split('://')[1]}/sock/v1"
