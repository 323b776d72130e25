"""Issues certificates for tests, with the faults that real ones have."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key and issuer; None for a self-signed one."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey
    issuer: Certificate | None

    @property
    def pem(self) -> str:
        """The certificate without its key."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def write(self, path: Path, *chain: Certificate) -> Path:
        """Write key, certificate and further certificates of the chain to a file, as a server loads them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path.write_text(key + self.pem + "".join(certificate.pem for certificate in chain), encoding="utf-8")
        return path


def ca(name: str, issuer: Certificate | None = None, *, key_usage: bool = True, critical: bool = True) -> Certificate:
    """Create a CA: a root, or an intermediate of an issuer.

    Strict verification requires `key_usage` and `critical` Basic Constraints.
    """
    key = generate_private_key(SECP256R1())
    builder = _builder(name, key, issuer, DAY).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if issuer is not None:
        builder = builder.add_extension(_authority(issuer), critical=False)
    if key_usage:
        builder = builder.add_extension(_signing(), critical=True)
    return _signed(builder, key, issuer)


def server(issuer: Certificate, *names: str, authority: bool = True, expires_in: timedelta = DAY) -> Certificate:
    """Issue a server's certificate for names or addresses; without `authority` it lacks the AuthorityKeyIdentifier."""
    key = generate_private_key(SECP256R1())
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    builder = _builder(names[0], key, issuer, expires_in).add_extension(alternatives, critical=False)
    if authority:
        builder = builder.add_extension(_authority(issuer), critical=False)
    return _signed(builder, key, issuer)


def _builder(
    name: str, key: EllipticCurvePrivateKey, issuer: Certificate | None, expires_in: timedelta
) -> x509.CertificateBuilder:
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now + expires_in)
    )


def _signed(builder: x509.CertificateBuilder, key: EllipticCurvePrivateKey, issuer: Certificate | None) -> Certificate:
    return Certificate(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key, issuer)


def _authority(issuer: Certificate) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
