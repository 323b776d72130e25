"""What goes back: an answer, or a refusal as S3 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class Refusal(Exception):  # noqa: N818  # it is S3's answer, not our error
    """A call that S3 does not do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        """It, in S3's XML."""
        body = document("Error", element("Code", self.code) + element("Message", self.message))
        return Answer(self.status, {"content-type": "application/xml"}, body)


def element(name: str, text: object) -> str:
    """One element."""
    return f"<{name}>{escape(str(text))}</{name}>"


def document(name: str, content: str) -> str:
    """A whole answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{content}</{name}>'
