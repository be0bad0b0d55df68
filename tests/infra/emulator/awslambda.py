"""Lambda: where a function logs to."""

from __future__ import annotations

from typing import Any

from moto.awslambda import models
from moto.awslambda.models import LambdaFunction
from tests.infra.emulator.gaps import reads, replace, require_lacking


class LoggingFunction(LambdaFunction):
    """moto's function, which tells the LoggingConfig that it was given."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        self.logging_config = spec.get("LoggingConfig")
        super().__init__(account_id, spec, region, version)

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        configuration: dict[str, Any] = super().get_configuration(on_create)
        usual = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        return {**configuration, "LoggingConfig": {**usual, **(self.logging_config or {})}}

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        updated: dict[str, Any] = super().update_configuration(config_updates)
        return updated


def extend() -> None:
    """Put these functions in the place of moto's."""
    require_lacking(
        "tell where a function logs to", lacking=not reads(LambdaFunction.get_configuration, "LoggingConfig")
    )
    replace(models, "LambdaFunction", LoggingFunction)
