"""The policies, over the real plans of dev and prod, as Terraform and the provider make them."""

from __future__ import annotations

import pytest
from tests.infra import policy_reasons
from tests.infra.policy import problems
from tests.infra.policy_plans import plan_environment, plan_without_a_domain
from tests.infra.policy_stack import Stack

ENVIRONMENTS = ("dev", "prod")


def stack_of(environment: str) -> Stack:
    return Stack.from_plan(plan_environment(environment))


pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_stack_holds_to_every_policy(environment: str) -> None:
    assert [str(problem) for problem in problems(stack_of(environment))] == []


def test_without_a_domain_dev_holds_to_every_policy_but_speaks_in_clear() -> None:
    stack = Stack.from_plan(plan_without_a_domain())

    assert [str(problem) for problem in problems(stack)] == []
    (listener,) = stack.managed("aws_lb_listener")
    assert (listener.written, listener.values["port"]) in [
        (plain, 80) for plain in policy_reasons.PLAIN_LISTENERS
    ]
    # The firewall is there all the same, and nothing of names.
    assert "aws_wafv2_web_acl_association" in stack.types()
    assert not {kind for kind in stack.types() if kind.startswith(("aws_acm_", "aws_route53_"))}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_production_and_development_with_a_domain_speak_tls_alone(environment: str) -> None:
    listeners = list(stack_of(environment).managed("aws_lb_listener"))

    assert [(one.values["port"], one.values["protocol"]) for one in listeners] == [(443, "HTTPS")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_plan_is_one_of_a_whole_stack(environment: str) -> None:
    # Given that an empty plan would hold to every policy, then these are in it.
    assert stack_of(environment).types() >= {
        "aws_vpc_security_group_ingress_rule",
        "aws_lb_listener",
        "aws_launch_template",
        "aws_autoscaling_group",
        "aws_s3_bucket",
        "aws_dynamodb_table",
        "aws_iam_role_policy",
        "aws_cloudwatch_log_group",
        "aws_kms_key",
    }
    assert len(list(stack_of(environment).statements())) > 20


def test_no_reason_is_listed_that_nothing_needs() -> None:
    stacks = [stack_of(environment) for environment in ENVIRONMENTS]
    needed = {statement.name for stack in stacks for statement in stack.statements()}
    unneeded = set(policy_reasons.WILDCARDS) - needed
    assert unneeded == set()
