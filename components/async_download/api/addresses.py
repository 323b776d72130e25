"""URLs of both APIs, computed from their ids so that no function waits for a stage."""

from urllib.parse import urlsplit


def rest_url(rest_api: str, socket_api: str, socket_endpoint: str, stage: str, execute_api_url: str) -> str:
    """Return `https://{api}.execute-api.{region}.{suffix}/{stage}`, with region and suffix of the WebSocket API."""
    if execute_api_url:
        return f"{execute_api_url}/{rest_api}/{stage}"
    return f"https://{rest_api}{_domain(socket_api, socket_endpoint)}/{stage}"


def management_url(socket_api: str, socket_endpoint: str, stage: str, execute_api_url: str) -> str:
    """Return the URL at which functions post to sockets: that of the stage, over https."""
    if execute_api_url:
        return f"{execute_api_url}/{socket_api}/{stage}"
    return f"https://{socket_api}{_domain(socket_api, socket_endpoint)}/{stage}"


def socket_url(management: str) -> str:
    """Return the URL at which clients connect to the same stage: ws for http, wss for https."""
    return "ws" + management.removeprefix("http")


def origin(url: str) -> str:
    """Return the origin of a page at this URL, as browsers send it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _domain(api: str, endpoint: str) -> str:
    """Return `.execute-api.{region}.{suffix}` of the endpoint of an API."""
    return (urlsplit(endpoint).hostname or "").removeprefix(api)
