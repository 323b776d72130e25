"""How large a file may be, and what is said of one that is larger."""

from __future__ import annotations

from runtime.logic.plan import LARGEST

MOST_STREAMED = 60 * 10**9  # bytes that one worker carries in its fifteen minutes, at the best


def refusal(size: int, *, sha256: bool) -> str | None:
    """Why no copy of a file of so many bytes can succeed, with a SHA-256 to be checked or without, if so."""
    if size > LARGEST:
        return f"The file is larger than {LARGEST} bytes, the most that S3 can hold."
    return beyond_one_worker(MOST_STREAMED, sha256=True) if sha256 and size > MOST_STREAMED else None


def beyond_one_worker(most: int, *, sha256: bool) -> str:
    """Of a file larger than the `most` that one worker carries, which cannot be shared by many."""
    if sha256:
        return (
            f"A SHA-256 can be checked of files of up to {most} bytes, for it needs all bytes in order. "
            "Ask without sha256, and check it on what you have received."
        )
    return (
        f"One worker has to copy the file, and can copy up to {most} bytes: its origin offers no ranges of one version "
        "(with a strong ETag, or a Last-Modified in the past), takes long to begin, or copying in slices is off."
    )
