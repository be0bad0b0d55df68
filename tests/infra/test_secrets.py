"""Terraform never holds the key for OpenAI: an operator puts it, and Terraform neither sees nor resets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.infra.applied_root import Plan
    from tests.infra.applied_stack import Stack


def test_a_key_that_an_operator_has_put_stays_and_is_in_no_state(
    stack: Stack, openai_key: str, second_plan: Plan
) -> None:
    parameter = f"/files-api/{stack.environment}/secrets/openai-api-key"

    kept = stack.ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]

    assert second_plan.is_empty, second_plan.text
    assert (kept["Value"], kept["Type"]) == (openai_key, "SecureString")
    assert openai_key not in stack.root.state()
    assert openai_key not in second_plan.text
