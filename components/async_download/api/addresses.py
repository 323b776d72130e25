"""Where clients and functions find the two APIs. Made from their ids, so that no function waits for a stage."""

from urllib.parse import urlsplit


def rest_url(rest_api: str, socket_api: str, socket_endpoint: str, stage: str, execute_api_url: str) -> str:
    """`https://{api}.execute-api.{region}.{suffix}/{stage}`; region and suffix are those of the WebSocket API."""
    if execute_api_url:
        return f"{execute_api_url}/{rest_api}/{stage}"
    return f"https://{rest_api}{_domain(socket_api, socket_endpoint)}/{stage}"


def management_url(socket_api: str, socket_endpoint: str, stage: str, execute_api_url: str) -> str:
    """Where functions post to sockets: the stage itself, over https."""
    if execute_api_url:
        return f"{execute_api_url}/{socket_api}/{stage}"
    return f"https://{socket_api}{_domain(socket_api, socket_endpoint)}/{stage}"


def socket_url(management: str) -> str:
    """The same stage as clients open it: ws for http, wss for https."""
    return "ws" + management.removeprefix("http")


def origin(url: str) -> str:
    """What a browser calls the origin of a page at this URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _domain(api: str, endpoint: str) -> str:
    """`.execute-api.{region}.{suffix}` of an API's endpoint."""
    return (urlsplit(endpoint).hostname or "").removeprefix(api)
