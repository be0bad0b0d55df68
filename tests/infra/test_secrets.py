"""Terraform never holds the key for OpenAI: an operator puts it, and Terraform neither sees nor resets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.infra.applied_stack import Stack

pytestmark = pytest.mark.enough_in("dev")

_KEY = "sk-proj-made-up-for-the-tests-0123456789"


def test_a_key_that_an_operator_has_put_stays_and_is_in_no_state(stack: Stack) -> None:
    parameter = f"/files-api/{stack.environment}/secrets/openai-api-key"
    stack.ssm.put_parameter(Name=parameter, Value=_KEY, Type="SecureString", Overwrite=True)

    plan = stack.root.plan()
    assert plan.is_empty, plan.text

    kept = stack.ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    assert (kept["Value"], kept["Type"]) == (_KEY, "SecureString")
    assert _KEY not in stack.root.state()
    assert _KEY not in plan.text
