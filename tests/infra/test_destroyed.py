"""What is destroyed is gone altogether; and production is not destroyed by one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.infra.remains import remains_of

if TYPE_CHECKING:
    from tests.infra.applied_stack import Stack


def test_production_refuses_to_be_destroyed(stack: Stack) -> None:
    if stack.environment != "prod":
        assert not stack.guards()
        return
    before = stack.root.resources()
    assert stack.guards()

    by_accident = stack.operate("destroy", "--yes")
    assert by_accident.returncode == 2
    assert "say CONFIRM=prod" in by_accident.stderr
    # Whoever names it is still held up by the guard of what holds files and keys.
    on_purpose = stack.operate("destroy", "--yes", "--confirm", "prod")
    assert on_purpose.returncode == 1
    assert "Instance cannot be destroyed" in on_purpose.stdout + on_purpose.stderr

    # Refused while it was planned: nothing has happened yet.
    assert stack.root.resources() == before


def test_a_destroyed_environment_leaves_nothing(stack: Stack) -> None:
    assert remains_of(stack)
    # A bucket with something in it is the usual case.
    bucket = stack.ssm.get_parameter(Name=f"/files-api/{stack.environment}/settings/FILES_API_BUCKET")
    stack.aws.client("s3").put_object(Bucket=bucket["Parameter"]["Value"], Key="left", Body=b"behind")
    if stack.guards():
        stack.lift_protection()

    stack.must("destroy", "--yes", "--confirm", stack.environment)

    assert stack.root.resources() == []
    assert remains_of(stack) == []
