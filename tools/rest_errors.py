"""Errors that each call of the REST API can return, from the code that raises them and from the gateway's responses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from async_download.api.gateway_errors import gateway_errors
from async_download.api.rest_routes import Route
from async_download.bundle import imported, sources
from async_download.settings.auth import RestAuth

from runtime import errors
from tools.readme_tables import TOP

Codes = dict[str, set[str]]
"""Codes by status, where `4XX` stands for any other status."""

ALWAYS: Codes = {"500": {"INTERNAL"}, "503": {"UNAVAILABLE"}}  # for any unexpected exception
NOT_RAISED = {
    ("request_download", "TICKET_REQUIRED"): "the function issues tickets and reads none",
    ("request_download", "TICKET_REFUSED"): "the function issues tickets and reads none",
}
ELSEWHERE = {"MISSING_AUTHENTICATION_TOKEN"}  # without IAM only for paths that do not exist


def of_function(handler: str) -> Codes:
    """Return the errors of a function: each `RequestError` that a module imported by its handler raises."""
    result = {status: set(codes) for status, codes in ALWAYS.items()}
    for file in imported(f"runtime.handlers.{handler}", sources(TOP / "runtime")).values():
        for name in _raised_names(file):
            kind = getattr(errors, name, None)
            if not isinstance(kind, type) or not issubclass(kind, errors.RequestError):
                continue
            if (handler, kind.code) not in NOT_RAISED:
                result.setdefault(str(kind.status), set()).add(kind.code)
    return result


def of_gateway(route: Route) -> Codes:
    """Return the errors that API Gateway itself returns, for any `auth.type`, with a firewall or without."""
    result: Codes = {}
    for auth, firewall in product(RestAuth, (False, True)):
        for kind, error in gateway_errors(auth, firewall=firewall).items():
            if kind.startswith("BAD_REQUEST") and not route.checked:
                continue
            if kind in ELSEWHERE and auth is not RestAuth.IAM:
                continue
            status = "4XX" if error.status is None else str(error.status)
            result.setdefault(status, set()).add(error.code)
    return result


def of_call(route: Route) -> Codes:
    """Return the errors of a call, from its function and from API Gateway."""
    result = of_function(route.function)
    for status, codes in of_gateway(route).items():
        result.setdefault(status, set()).update(codes)
    return dict(sorted(result.items()))


def _raised_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise):
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(error, ast.Name):
                yield error.id
