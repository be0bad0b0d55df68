"""What a dashboard is, whoever shows it: rows of panels, each with a question and with where its answer is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Target(Enum):
    """Who shows a dashboard."""

    LOCAL = "local"
    """Grafana over Prometheus, Loki and Tempo."""
    AWS = "aws"
    """Grafana over CloudWatch and X-Ray."""
    CLOUDWATCH = "cloudwatch"
    """CloudWatch's own dashboard."""


class Kind(Enum):
    """How a panel shows what it has."""

    TIME_SERIES = "time series"
    STAT = "stat"
    TABLE = "table"
    LOGS = "logs"
    TRACES = "traces"
    TEXT = "text"


class Unit(Enum):
    """What the values of a panel are: Grafana's name of it, and how an axis is labelled.

    Grafana's names: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
    """

    PERCENT = ("percent", "%")
    SECONDS = ("s", "seconds")
    BYTES = ("bytes", "bytes")
    BYTES_PER_SECOND = ("binBps", "bytes a second")
    PER_SECOND = ("ops", "a second")
    COUNT = ("short", "count")
    NONE = ("none", "none")

    def __init__(self, grafana: str, label: str) -> None:
        self.grafana = grafana
        self.label = label


@dataclass(frozen=True)
class PromQL:
    """A query of Prometheus.

    Attributes:
        expression: The query.
        legend: How its series are called; `{{label}}` stands for a label's value.
        over_range: One value over all the time that is shown, instead of one for each moment.
    """

    expression: str
    legend: str
    over_range: bool = False


@dataclass(frozen=True)
class LogQL:
    """A query of Loki."""

    expression: str


@dataclass(frozen=True)
class TraceQL:
    """A query of Tempo."""

    expression: str


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch.

    Attributes:
        id: How an `Expression` of the same panel calls it; lower-case letter first.
        namespace: As CloudWatch has it.
        name: As CloudWatch has it.
        dimensions: Names and values; values may be `${placeholders}`.
        statistic: `Sum`, `Average`, `Maximum`, `p99`, …
        label: How it is called.
        is_shown: False for what only an expression needs.
    """

    id: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    label: str
    is_shown: bool = True


@dataclass(frozen=True)
class Expression:
    """Metric math or a search (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).

    Attributes:
        id: How another expression calls it.
        text: The expression.
        label: How it is called; empty where CloudWatch names several series by what tells them apart.
    """

    id: str
    text: str
    label: str


@dataclass(frozen=True)
class MetricsInsights:
    """A query in SQL over metrics. CloudWatch answers one of these a panel, over two weeks at most.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-limits.html
    """

    id: str
    sql: str


@dataclass(frozen=True)
class LogsInsights:
    """A query over log groups.

    Attributes:
        log_groups: Their names.
        commands: The query, a command each (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/
            CWL_QuerySyntax.html).
    """

    log_groups: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as one types it."""
        return "\n| ".join(self.commands)


@dataclass(frozen=True)
class XRay:
    """A filter over traces (https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html)."""

    expression: str


LocalQuery: TypeAlias = PromQL | LogQL | TraceQL
MetricQuery: TypeAlias = Metric | Expression | MetricsInsights
AwsQuery: TypeAlias = MetricQuery | LogsInsights | XRay


@dataclass(frozen=True)
class Threshold:
    """A line across a panel."""

    value: float
    label: str


@dataclass(frozen=True)
class Panel:
    """A part of a dashboard that answers one question.

    Attributes:
        title: What is shown.
        question: What it answers, and what to mind.
        kind: How.
        unit: What its values are.
        width: Columns of 24.
        local: Where the local stack has it; empty where it has not.
        aws: Where AWS has it; empty where it has not.
        aws_unit: Where AWS counts otherwise.
        threshold: From where on it is worth a look.
        text: What a text says, in Markdown.
        example: What the picture in the docs shows: a value, the names of series or of columns. Made up.
    """

    title: str
    question: str
    kind: Kind
    unit: Unit
    width: int
    local: tuple[LocalQuery, ...] = ()
    aws: tuple[AwsQuery, ...] = ()
    aws_unit: Unit | None = None
    threshold: Threshold | None = None
    text: str = ""
    example: tuple[str, ...] = ()

    def unit_for(self, target: Target) -> Unit:
        """What its values are, there."""
        return self.unit if target is Target.LOCAL else self.aws_unit or self.unit

    def is_for(self, target: Target) -> bool:
        """Tell whether there is an answer, there."""
        if self.kind is Kind.TEXT:
            return target is not Target.LOCAL
        if target is Target.LOCAL:
            return bool(self.local)
        # CloudWatch has no widget for traces.
        return any(target is Target.AWS or not isinstance(query, XRay) for query in self.aws)


@dataclass(frozen=True)
class Row:
    """Panels about one thing.

    Attributes:
        title: The thing.
        question: What its panels answer together.
        panels: In the order of reading.
        local_title: What it is called where there is no AWS.
    """

    title: str
    question: str
    panels: tuple[Panel, ...]
    local_title: str = ""

    def title_for(self, target: Target) -> str:
        """What it is called, there."""
        return self.local_title if target is Target.LOCAL and self.local_title else self.title


@dataclass(frozen=True)
class Dashboard:
    """All of it."""

    title: str
    description: str
    rows: tuple[Row, ...]

    def for_target(self, target: Target) -> tuple[Row, ...]:
        """The rows that have something to show there, with the panels that have."""
        rows = (
            Row(
                title=row.title_for(target),
                question=row.question,
                panels=tuple(panel for panel in row.panels if panel.is_for(target)),
            )
            for row in self.rows
        )
        return tuple(row for row in rows if row.panels)
