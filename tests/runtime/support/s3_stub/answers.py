"""Responses of the stub: results, and errors in S3's XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Response:
    """A status, headers and a body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class S3Error(Exception):  # an S3 response, not an error of the stub
    """An error response of S3."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Return the response with the error as XML."""
        body = xml_document("Error", xml_element("Code", self.code) + xml_element("Message", self.message))
        return Response(self.status, {"content-type": "application/xml"}, body)


def xml_element(name: str, text: object) -> str:
    """Return an XML element with escaped text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def xml_document(name: str, content: str) -> str:
    """Return an XML document with this root element and content."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{content}</{name}>'
