"""The rows about what the service depends on: S3, and OpenAI, which costs money."""

from __future__ import annotations

from files_api.devtools.dashboards.model import Kind, Metric, Panel, PromQL, Row, Unit
from files_api.devtools.dashboards.sources import JOB, WINDOW, insights, own, quantile, rate, search

_S3 = "s3_call_duration_seconds"
_GENERATION = "generation_duration_seconds"
# The attributes of each, as the agent adds them up.
_CALL = ("s3.operation", "s3.outcome")
_MADE = ("generation.kind", "gen_ai.request.model", "generation.outcome")
_TOKENS = ("generation.kind", "gen_ai.request.model", "gen_ai.token.type")

S3 = Row(
    title="S3",
    question="Is it S3?",
    panels=(
        Panel(
            title="Calls to S3",
            question="What is S3 asked for, and how often? Each try counts.",
            kind=Kind.TIME_SERIES,
            unit=Unit.PER_SECOND,
            aws_unit=Unit.COUNT,
            width=6,
            local=(PromQL(rate(f"{_S3}_count", "s3_operation"), "{{s3_operation}}"),),
            aws=(insights("COUNT", "s3.call.duration", _CALL, ("s3.operation",)),),
            example=("GetObject", "PutObject", "HeadObject", "ListObjectsV2"),
        ),
        Panel(
            title="Latency of S3",
            question="How long does S3 take to begin its answer? The slowest 1 %; on AWS of each outcome by itself.",
            kind=Kind.TIME_SERIES,
            unit=Unit.SECONDS,
            width=6,
            local=(PromQL(quantile(0.99, _S3, "s3_operation"), "{{s3_operation}}"),),
            aws=(search("s3.call.duration", "p99", *_CALL),),
            example=("GetObject", "PutObject", "HeadObject", "ListObjectsV2"),
        ),
        Panel(
            title="Calls that went wrong",
            question="Does S3 throttle, or is it away? `refused` alone is usually a file that is not there.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=6,
            local=(
                PromQL(
                    f'sum by (s3_outcome) (increase({_S3}_count{{{JOB},s3_outcome!="ok"}}{WINDOW}))',
                    "{{s3_outcome}}",
                ),
            ),
            aws=(insights("COUNT", "s3.call.duration", _CALL, ("s3.outcome",), """"s3.outcome" != 'ok'"""),),
            example=("refused", "throttled", "unreachable"),
        ),
        Panel(
            title="Retries",
            question="How often is S3 asked again? A retry hides an error, and costs time.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=6,
            local=(
                PromQL(
                    f"sum by (s3_operation) (increase(s3_retries_total{{{JOB}}}{WINDOW}))",
                    "{{s3_operation}}",
                ),
            ),
            aws=(own("retries", "s3.retries", "Sum", "retries"),),
            example=("GetObject", "PutObject"),
        ),
        Panel(
            title="Bytes in the bucket",
            question="How much is kept? S3 counts once a day, so that this wants three days or more.",
            kind=Kind.TIME_SERIES,
            unit=Unit.BYTES,
            width=12,
            aws=(
                Metric(
                    "size",
                    "AWS/S3",
                    "BucketSizeBytes",
                    (("BucketName", "${bucket}"), ("StorageType", "StandardStorage")),
                    "Average",
                    "bytes, standard storage",
                ),
            ),
            example=("bytes, standard storage",),
        ),
        Panel(
            title="Objects in the bucket",
            question="How many files are kept, old versions included? Once a day, too.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=12,
            aws=(
                Metric(
                    "objects",
                    "AWS/S3",
                    "NumberOfObjects",
                    (("BucketName", "${bucket}"), ("StorageType", "AllStorageTypes")),
                    "Average",
                    "objects",
                ),
            ),
            example=("objects",),
        ),
    ),
)

OPENAI = Row(
    title="OpenAI: what costs money",
    question="What is spent, on which model, and is it worth it?",
    panels=(
        Panel(
            title="Tokens by model and direction",
            question="Which model uses how many tokens? Output costs several times as much as input.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            local=(
                PromQL(
                    "sum by (gen_ai_request_model, gen_ai_token_type) "
                    f"(increase(generation_tokens_total{{{JOB}}}{WINDOW}))",
                    "{{gen_ai_request_model}} {{gen_ai_token_type}}",
                ),
            ),
            aws=(
                insights("SUM", "generation.tokens", _TOKENS, ("gen_ai.request.model", "gen_ai.token.type")),
            ),
            example=("text model, input", "text model, output", "image model, output"),
        ),
        Panel(
            title="Generations by kind and outcome",
            question="How many texts, images and speeches are made, and how many fail? "
            "Images and speech are paid by the piece.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            local=(
                PromQL(
                    "sum by (generation_kind, generation_outcome) "
                    f"(increase({_GENERATION}_count{{{JOB}}}{WINDOW}))",
                    "{{generation_kind}} {{generation_outcome}}",
                ),
            ),
            aws=(insights("COUNT", "generation.duration", _MADE, ("generation.kind", "generation.outcome")),),
            example=("Text, ok", "Image, ok", "Text-to-Speech, ok", "Image, generation_refused"),
        ),
        Panel(
            title="Duration of generations",
            question="How long do the models take? The slowest 5 %; a generation has 100 seconds.",
            kind=Kind.TIME_SERIES,
            unit=Unit.SECONDS,
            width=8,
            local=(
                PromQL(
                    quantile(0.95, _GENERATION, "generation_kind, gen_ai_request_model"),
                    "{{generation_kind}} {{gen_ai_request_model}}",
                ),
            ),
            aws=(search("generation.duration", "p95", *_MADE),),
            example=("Text", "Image", "Text-to-Speech"),
        ),
    ),
)
