"""Which errors a call of the REST API can answer, read from the code that raises and from what the gateway says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from async_download.bundle import imported, sources
from async_download.gateway_errors import gateway_errors
from async_download.rest_routes import Route
from async_download.settings.auth import RestAuth

from runtime import errors
from tools.readme_tables import TOP

Codes = dict[str, set[str]]
"""Status, or `4XX` for any other -> codes."""

ALWAYS: Codes = {"500": {"INTERNAL"}, "503": {"UNAVAILABLE"}}  # `problem_of` makes these of anything
NOT_RAISED = {
    ("request_download", "TICKET_REQUIRED"): "it issues tickets and reads none",
    ("request_download", "TICKET_REFUSED"): "it issues tickets and reads none",
}
ELSEWHERE = {"MISSING_AUTHENTICATION_TOKEN"}  # without IAM it is said of paths that do not exist


def of_function(handler: str) -> Codes:
    """What the function answers: every `RequestError` that a module raises which its handler leads to."""
    found = {status: set(codes) for status, codes in ALWAYS.items()}
    for file in imported(f"runtime.handlers.{handler}", sources(TOP / "runtime")).values():
        for name in _raised(file):
            kind = getattr(errors, name, None)
            if not isinstance(kind, type) or not issubclass(kind, errors.RequestError):
                continue
            if (handler, kind.code) not in NOT_RAISED:
                found.setdefault(str(kind.status), set()).add(kind.code)
    return found


def of_gateway(route: Route) -> Codes:
    """What the gateway answers by itself, whatever the auth of the stack is."""
    found: Codes = {}
    for auth in RestAuth:
        for kind, error in gateway_errors(auth).items():
            if kind.startswith("BAD_REQUEST") and not route.checked:
                continue
            if kind in ELSEWHERE and auth is not RestAuth.IAM:
                continue
            status = "4XX" if error.status is None else str(error.status)
            found.setdefault(status, set()).add(error.code)
    return found


def of_call(route: Route) -> Codes:
    """Both."""
    found = of_function(route.function)
    for status, codes in of_gateway(route).items():
        found.setdefault(status, set()).update(codes)
    return dict(sorted(found.items()))


def _raised(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name):
                yield raised.id
