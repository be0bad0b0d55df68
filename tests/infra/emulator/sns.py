"""SNS: a topic tells every attribute that it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sns import responses
from moto.sns.responses import SNSResponse
from tests.infra.emulator.gaps import reads, replace, require_lacking

if TYPE_CHECKING:
    from moto.core.responses import ActionResult


class SnsWithSignatureVersion(SNSResponse):
    """moto's answers, with the version of the signature."""

    def get_topic_attributes(self) -> ActionResult:
        answer = super().get_topic_attributes()
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        version = getattr(topic, "signature_version", None)
        if version is not None:
            answer.result["Attributes"]["SignatureVersion"] = version
        return answer


def extend() -> None:
    """Add the attribute."""
    require_lacking(
        "tell a topic's SignatureVersion",
        lacking=not reads(SNSResponse.get_topic_attributes, "SignatureVersion"),
    )
    replace(responses, "SNSResponse", SnsWithSignatureVersion)
