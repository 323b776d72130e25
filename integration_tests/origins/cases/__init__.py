"""The cases by what is unusual in them."""

from integration_tests.origins.cases import (
    chunked,
    codings,
    connections,
    headers,
    lengths,
    names,
    ranges,
    redirects,
    statuses,
    tls,
)

CASES = [
    *statuses.CASES,  # first, since some of them wait for half a minute
    *headers.CASES,
    *lengths.CASES,
    *connections.CASES,
    *chunked.CASES,
    *codings.CASES,
    *tls.CASES,
    *ranges.CASES,
    *redirects.CASES,
    *names.CASES,
]
"""All cases; the name of each is unique."""
