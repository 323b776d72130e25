"""Reads an emulator's health, the only endpoint of its own that the filter leaves open."""

import http.client
import json
from urllib.parse import urlsplit


def read_health(endpoint: str) -> dict[str, object]:
    """Return the health of an emulator; empty when none answers."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        response = connection.getresponse()
        content = json.loads(response.read()) if response.status == http.client.OK else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return content if isinstance(content, dict) else {}
