"""Texts that reflect their prompt, in the format that the system message names."""

from __future__ import annotations

import csv
import html
import io
import json
import textwrap

#: A token is about four characters of English; exact enough for usage numbers and limits.
_CHARACTERS_PER_TOKEN = 4


def tokens_in(text: str) -> int:
    """Tell about how many tokens a text has, at least 1."""
    return max(1, -(-len(text) // _CHARACTERS_PER_TOKEN))


def cut_to_tokens(text: str, max_tokens: int) -> str:
    """Return as much of a text as has so many tokens."""
    return text[: max_tokens * _CHARACTERS_PER_TOKEN]


def write_text(prompt: str, system: str, *, as_json: bool) -> str:
    """Write a file about a prompt.

    Args:
        prompt: What the user asks for.
        system: The instructions, which name the format: HTML, CSV, Markdown, else plain text.
        as_json: A JSON object is asked for.
    """
    title = textwrap.shorten(prompt, 60, placeholder="…")
    if as_json:
        return json.dumps(
            {"title": title, "prompt": prompt, "words": len(prompt.split())}, ensure_ascii=False
        )
    if "HTML" in system:
        safe = html.escape(prompt)
        return (
            '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
            f"<title>{html.escape(title)}</title></head>\n<body><h1>{html.escape(title)}</h1>\n<p>{safe}</p></body>\n</html>\n"
        )
    if "CSV" in system:
        return _csv(prompt)
    if "Markdown of" in system:
        return (
            f"# {title}\n\nThe stand-in was asked for:\n\n{textwrap.indent(prompt, '> ', lambda _: True)}\n"
        )
    return f"The stand-in was asked for:\n\n{prompt}\n"


def _csv(prompt: str) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["position", "word"])
    writer.writerows(enumerate(prompt.split(), start=1))
    return lines.getvalue()
