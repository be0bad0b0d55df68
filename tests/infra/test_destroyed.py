"""What is destroyed is gone altogether; and production is not destroyed by one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra.applied_root import TerraformError
from tests.infra.remains import remains_of

if TYPE_CHECKING:
    from tests.infra.applied_stack import Stack


def test_production_refuses_to_be_destroyed(stack: Stack) -> None:
    if stack.environment != "prod":
        assert not stack.guards()
        return
    before = stack.root.resources()
    assert stack.guards()

    with pytest.raises(TerraformError, match="Instance cannot be destroyed"):
        stack.root.destroy()

    # Refused while it was planned: nothing has happened yet.
    assert stack.root.resources() == before
    assert stack.root.plan().is_empty


def test_a_destroyed_environment_leaves_nothing(stack: Stack) -> None:
    assert remains_of(stack)
    # A bucket with something in it is the usual case.
    bucket = stack.ssm.get_parameter(Name=f"/files-api/{stack.environment}/settings/FILES_API_BUCKET")
    stack.aws.client("s3").put_object(Bucket=bucket["Parameter"]["Value"], Key="left", Body=b"behind")
    if stack.guards():
        stack.lift_protection()

    stack.root.destroy()

    assert stack.root.resources() == []
    assert remains_of(stack) == []
