"""What a request for a download has to hold, as the gateway checks it before a function runs."""

from collections.abc import Mapping
from typing import Any

from async_download.origins import ResolvedOrigin

MODEL_NAME = "DownloadRequest"
FIELDS: dict[str, dict[str, Any]] = {
    "origin": {"type": "string", "maxLength": 64},
    "path": {"type": "string", "maxLength": 2048},
    "fileName": {"type": "string", "maxLength": 1024},
    "sha256": {"type": "string", "maxLength": 64},
    "size": {"type": "integer", "minimum": 0},
}


def required(origins: Mapping[str, ResolvedOrigin]) -> tuple[str, ...]:
    """Fields that cannot be left out: an origin where there are several, a path where none has a default."""
    fields = ("origin",) if len(origins) > 1 else ()
    return fields if any(origin.default_path for origin in origins.values()) else (*fields, "path")


def model(origins: Mapping[str, ResolvedOrigin]) -> dict[str, Any]:
    """Schema of the body of `POST /downloads`, in the draft that API Gateway reads."""
    fields = list(required(origins))
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": MODEL_NAME,
        "type": "object",
        "properties": FIELDS,
        "additionalProperties": False,
        **({"required": fields} if fields else {}),
    }


def parameters(origins: Mapping[str, ResolvedOrigin]) -> dict[str, bool]:
    """Query parameters of `GET /download`, as API Gateway declares them; what is required is true."""
    needed = required(origins)
    return {f"method.request.querystring.{field}": field in needed for field in FIELDS}


def explained(origins: Mapping[str, ResolvedOrigin]) -> str:
    """What to send, in a few words."""
    needed = required(origins)
    known = {
        "origin": f"origin (one of: {', '.join(sorted(origins))})",
        "path": f"path (at most {FIELDS['path']['maxLength']} characters)",
    }
    wanted = " and ".join(known[field] for field in needed)
    optional = ", ".join(field for field in FIELDS if field not in needed)
    fields = f"{wanted}; {optional} may be left out" if wanted else f"any of {optional}"
    return f"{fields}; each is a string, but size a whole number"
