"""The limits of a file's size, each with the message for a client whose file is larger."""

from __future__ import annotations

from runtime.logic.copying.plan import LARGEST
from runtime.logic.origin.size_limit import SizeLimit

MAX_STREAMED = 60 * 10**9  # bytes that one worker copies in its 15 minutes, at best


def file_limit(max_file_bytes: int) -> SizeLimit:
    """Return the limit for every file: the setting of the stack, or what S3 can hold where that is less."""
    if max_file_bytes < LARGEST:
        reason = f"The file is larger than {max_file_bytes} bytes, the most that this service copies (maxFileMb)."
        return SizeLimit(max_file_bytes, f"{reason} Its owner can raise the limit.")
    return SizeLimit(LARGEST, f"The file is larger than {LARGEST} bytes, the most that S3 can hold.")


def stream_limit(max_file_bytes: int, max_streamed: int, *, sha256: bool) -> SizeLimit:
    """Return the limit for a file that one worker copies, which is lower than `file_limit` for most stacks."""
    whole = file_limit(max_file_bytes)
    return min(whole, _one_worker(max_streamed, sha256=sha256), key=lambda limit: limit.bytes)


def request_limit(max_file_bytes: int, *, sha256: bool) -> SizeLimit:
    """Return the limit for the size in a request. A SHA-256 needs all bytes in order, and so one worker."""
    return stream_limit(max_file_bytes, MAX_STREAMED, sha256=True) if sha256 else file_limit(max_file_bytes)


def _one_worker(max_streamed: int, *, sha256: bool) -> SizeLimit:
    if sha256:
        reason = (
            f"A SHA-256 can be checked of files of up to {max_streamed} bytes, for it needs all bytes in order. "
            "Ask without sha256, and check it on what you have received."
        )
    else:
        reason = (
            f"One worker has to copy the file, and can copy up to {max_streamed} bytes: its origin offers no ranges "
            "of one version (with a strong ETag, or a Last-Modified in the past), takes long to begin, or copying in "
            "slices is off."
        )
    return SizeLimit(max_streamed, reason)
