"""TLS with origins: the trusted CAs, strict verification, and the errors of a failed handshake.

Python 3.13 verifies strictly by default, older versions do not: the flags are set here, so that a chain is accepted or
refused alike wherever the code runs. A connection that ends without close_notify is an error (RFC 9112, 9.8), whatever
OpenSSL's configuration says.
"""

from __future__ import annotations

import socket
import ssl
from functools import cache, lru_cache

from runtime.errors import OriginTlsError

STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
MAX_CONTEXTS = 32  # of CA bundles, in one process
_NOT_PEM = "The CA bundle of the origin (its setting caBundle) is not CA certificates in PEM: {}."
_UNTRUSTED = (
    "it is not issued by a CA that is trusted for it; an internal CA is trusted with the origin's setting caBundle"
)
_NO_CHAIN = f"{_UNTRUSTED}, and the origin has to send its intermediate certificates"
_OTHER_NAME = "it is for another name than the origin's"
_REASONS = {  # X509_V_ERR_... of OpenSSL, which does not say which certificate of the chain it is about
    2: _NO_CHAIN,
    9: "a certificate is not valid yet",
    10: "a certificate has expired",
    18: _UNTRUSTED,
    19: _UNTRUSTED,
    20: _NO_CHAIN,
    21: _NO_CHAIN,
    62: _OTHER_NAME,
    64: _OTHER_NAME,
    85: "a certificate lacks an Authority Key Identifier",
    86: "a CA's certificate lacks a Subject Key Identifier",
    89: "the Basic Constraints of a CA's certificate are not critical",
    92: "a CA's certificate lacks a Key Usage",
}
_STRICT_CODES = range(79, 94)  # from INVALID_CA to EXTENSIONS_REQUIRE_VERSION_3
_REISSUE = "which the strict verification of Python 3.13 refuses; have that certificate issued anew"


@cache
def public_context() -> ssl.SSLContext:
    """Return the context that trusts the public CAs."""
    return harden(ssl.create_default_context())


@lru_cache(MAX_CONTEXTS)
def context_for(ca_bundle: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a PEM text and no others.

    Raises:
        OriginTlsError: the text holds no certificates, or one that cannot be read.
    """
    if "-----BEGIN CERTIFICATE-----" not in ca_bundle:  # an empty text would mean the public CAs to ssl
        raise OriginTlsError(_NOT_PEM.format("it holds no BEGIN CERTIFICATE"))
    try:
        context = ssl.create_default_context(cadata=ca_bundle)
    except ssl.SSLError as error:
        raise OriginTlsError(_NOT_PEM.format(_to_words(error.reason or "no certificate can be read"))) from None
    except TypeError:  # from ssl
        raise OriginTlsError(_NOT_PEM.format("it has characters outside of ASCII")) from None
    return harden(context)


def harden(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return the context, with strict verification and without connections that end without close_notify."""
    context.verify_flags |= STRICT
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


def wrap(context: ssl.SSLContext, sock: socket.socket, host: str) -> ssl.SSLSocket:
    """Shake hands with a host. The socket raises `ssl.SSLEOFError` at an end without close_notify.

    Raises:
        OriginTlsError: the handshake failed.
    """
    try:
        return context.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False)
    except ssl.SSLError as error:
        raise explain(error) from None
    except ValueError:
        raise OriginTlsError("TLS with the origin failed: its name cannot be in a certificate.") from None


def explain(error: ssl.SSLError) -> OriginTlsError:
    """Return the typed error of a failed handshake; its message names no host of the origin."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return OriginTlsError(f"TLS with the origin failed: {_to_words(error.reason or 'no reason')}.")
    reason = _REASONS.get(error.verify_code) or _to_words(error.verify_message)
    advice = f", {_REISSUE}" if error.verify_code in _STRICT_CODES else ""
    return OriginTlsError(f"The certificate of the origin was refused: {reason}{advice}.")


def _to_words(reason: str) -> str:
    """`WRONG_VERSION_NUMBER` -> `wrong version number`."""
    return reason.replace("_", " ").rstrip(".").lower() if reason.isupper() else reason.rstrip(".")
