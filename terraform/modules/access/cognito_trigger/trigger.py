"""The pre token generation trigger (V3_0): says for whom a token is, which Cognito leaves out.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

# A script that Lambda loads, not a package.
# ruff: noqa: INP001

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Add `aud`: AWS allows no other value than the ID of the client that asks."""
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {"aud": event["callerContext"]["clientId"]},
            },
        },
    }
    return event
