"""Cognito: a user pool is of a tier, and resource servers can be deleted."""

from __future__ import annotations

from moto.cognitoidp import responses
from moto.cognitoidp.exceptions import ResourceNotFoundError
from moto.cognitoidp.models import DEFAULT_USER_POOL_CONFIG
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult, EmptyResult
from tests.infra.emulator.gaps import replace, require_lacking, require_no_methods


class CognitoWithDeletion(CognitoIdpResponse):
    """moto's answers, with a call to delete a resource server."""

    def delete_resource_server(self) -> ActionResult:
        pool = self.backend.describe_user_pool(self._get_param("UserPoolId"))
        identifier = self._get_param("Identifier")
        if pool.resource_servers.pop(identifier, None) is None:
            raise ResourceNotFoundError(f"Resource server with identifier {identifier} does not exist.")
        return EmptyResult()


def extend() -> None:
    """Add the call, and give a user pool the tier that AWS gives one that names none."""
    require_no_methods(CognitoIdpResponse, "delete_resource_server")
    replace(responses, "CognitoIdpResponse", CognitoWithDeletion)
    require_lacking("give user pools a tier", lacking="UserPoolTier" not in DEFAULT_USER_POOL_CONFIG)
    DEFAULT_USER_POOL_CONFIG["UserPoolTier"] = "ESSENTIALS"
