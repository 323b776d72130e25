"""Fields of a request for a download, as the gateway checks them before a function runs."""

from collections.abc import Mapping
from typing import Any

from async_download.settings.origins import Origin

MODEL_NAME = "DownloadRequest"
FIELDS: dict[str, dict[str, Any]] = {
    "origin": {"type": "string", "maxLength": 64},
    "path": {"type": "string", "maxLength": 2048},
    "fileName": {"type": "string", "maxLength": 1024},
    "sha256": {"type": "string", "maxLength": 64},
    "size": {"type": "integer", "minimum": 0},
}


def required(origins: Mapping[str, Origin]) -> tuple[str, ...]:
    """Return the required fields: an origin where there are several, a path where no origin has a default."""
    fields = ("origin",) if len(origins) > 1 else ()
    return fields if any(origin.default_path for origin in origins.values()) else (*fields, "path")


def model(origins: Mapping[str, Origin]) -> dict[str, Any]:
    """Return the schema of the body of `POST /downloads`, in the draft that API Gateway supports."""
    fields = list(required(origins))
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": MODEL_NAME,
        "type": "object",
        "properties": FIELDS,
        "additionalProperties": False,
        **({"required": fields} if fields else {}),
    }


def parameters(origins: Mapping[str, Origin]) -> dict[str, bool]:
    """Return the query parameters of `GET /download`, and whether each is required."""
    fields = required(origins)
    return {f"method.request.querystring.{field}": field in fields for field in FIELDS}


def description(origins: Mapping[str, Origin]) -> str:
    """Return a short description of the fields."""
    required_fields = required(origins)
    descriptions = {
        "origin": f"origin (one of: {', '.join(sorted(origins))})",
        "path": f"path (at most {FIELDS['path']['maxLength']} characters)",
    }
    sent = " and ".join(descriptions[field] for field in required_fields)
    optional = ", ".join(field for field in FIELDS if field not in required_fields)
    fields = f"{sent}; {optional} may be left out" if sent else f"any of {optional}"
    return f"{fields}; each is a string, but size a whole number"
