"""Custom domains of both APIs: what a domain name and its certificate look like."""

from typing import Any

import pulumi

from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import computed_text, text

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = rf"(?=.{{4,253}}$)({LABEL}\.)+(?!\d+$){LABEL}"
CERTIFICATE_ARN = r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]{1,64}"


def domain_name(description: str) -> Any:
    """Declare the setting of a custom domain."""
    allowed = "a lower-case host name such as files.example.com, without a scheme, a path and a wildcard"
    return text("", DOMAIN, allowed, description, unset="none")


def certificate_arn() -> Any:
    """Declare the setting of the certificate of a custom domain."""
    return computed_text(
        CERTIFICATE_ARN,
        "the ARN of an ACM certificate, arn:aws:acm:{region}:{account}:certificate/{id}",
        "ARN of the ACM certificate of `domain_name`, in the stack's account and region.",
        unset="none",
    )


def require_both(path: str, domain: str, certificate: pulumi.Input[str] | None) -> None:
    """Refuse a domain without a certificate, and a certificate without a domain."""
    if bool(domain) != (certificate is not None):
        missing, other = ("certificate_arn", "domain_name") if domain else ("domain_name", "certificate_arn")
        raise InvalidSetting(f"{path}.{missing}", "not set", f"required, since {path}.{other} is set")
