"""What an issuer says about itself (OpenID Connect Discovery 1.0, sections 3 and 4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from files_api.adapters.oidc.documents import IssuerTroubleError

_WELL_KNOWN = "/.well-known/openid-configuration"


def check_issuer(issuer: str) -> str:
    """Return the issuer as it is, when it can be one.

    Raises:
        ValueError: It is no `https` or `http` URL, or has a query or a fragment.
    """
    if not _is_url(issuer, {"https", "http"}) or "?" in issuer or "#" in issuer:
        raise ValueError("an OIDC issuer must be an https URL without query and fragment")
    return issuer


def discovery_url(issuer: str) -> str:
    """Tell where the issuer's document is: a slash at the end does not count (section 4)."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def jwks_uri_of(document: object, issuer: str) -> str:
    """Read where the issuer's keys are.

    Raises:
        IssuerTroubleError: The document is another issuer's (section 4.3: the two must be the same, exactly), or names
            no place that may be trusted.
    """
    if not isinstance(document, dict):
        raise IssuerTroubleError("the issuer's document is no JSON object")
    if document.get("issuer") != issuer:
        raise IssuerTroubleError("the issuer's document is that of another issuer")
    uri = document.get("jwks_uri")
    # Over plain HTTP anybody on the way could put their own keys in: only where the issuer is reached so anyhow.
    schemes = {"https", "http"} if urlsplit(issuer).scheme == "http" else {"https"}
    if not isinstance(uri, str) or not _is_url(uri, schemes):
        raise IssuerTroubleError("the issuer's document names no jwks_uri that can be trusted")
    return uri


def _is_url(text: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
