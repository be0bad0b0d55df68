"""OIDC: whose access token this is, by an issuer's own keys.

`documents` fetches, `discovery` and `key_sets` read what was fetched, `issuer_keys` remembers it, `tokens` proves a
token, `claims` says what the proven one means, and `authenticator` puts it all together.
"""

from files_api.adapters.oidc.authenticator import OidcAuthenticator

__all__ = ["OidcAuthenticator"]
