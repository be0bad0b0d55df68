"""Spans for a person at a terminal: each request as a tree, when its last span has ended."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, TextIO

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

# Traces whose root never comes are forgotten.
_MOST_WAITING = 1000
# What says something to somebody who reads along.
_TOLD = ("http.response.status_code", "error.type", "gen_ai.request.model")


class SpanTree(SpanExporter):
    """Writes a tree for each trace.

    Args:
        output: Where to; stderr when None.
    """

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output
        self._waiting: OrderedDict[int, list[ReadableSpan]] = OrderedDict()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans, and write the trees that are whole with them."""
        for span in spans:
            context = span.get_span_context()
            if context is None:
                continue
            self._waiting.setdefault(context.trace_id, []).append(span)
            if span.kind is SpanKind.SERVER or span.parent is None:
                self._write(span, self._waiting.pop(context.trace_id))
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)
        return SpanExportResult.SUCCESS

    def _write(self, root: ReadableSpan, spans: list[ReadableSpan]) -> None:
        children: dict[int, list[ReadableSpan]] = {}
        for span in spans:
            if span is not root and span.parent is not None:
                children.setdefault(span.parent.span_id, []).append(span)
        context = root.get_span_context()
        trace_id = f"{context.trace_id:032x}" if context is not None else ""
        lines = [f"{_line(root)}  trace {trace_id}", *_branches(root, children, "")]
        output = self._output or sys.stderr
        output.write("\n".join(lines) + "\n")
        output.flush()


def _branches(span: ReadableSpan, children: dict[int, list[ReadableSpan]], indent: str) -> list[str]:
    context = span.get_span_context()
    found = children.get(context.span_id, []) if context is not None else []
    found.sort(key=lambda child: child.start_time or 0)
    lines = []
    for child in found:
        is_last = child is found[-1]
        lines.append(f"{indent}{'└─ ' if is_last else '├─ '}{_line(child)}")
        lines += _branches(child, children, indent + ("   " if is_last else "│  "))
    return lines


def _line(span: ReadableSpan) -> str:
    milliseconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    attributes = span.attributes or {}
    told = [str(attributes[name]) for name in _TOLD if name in attributes]
    if span.status.status_code is StatusCode.ERROR:
        told.append("failed")
    return "  ".join([f"{milliseconds:8.1f} ms", span.name, *told])
