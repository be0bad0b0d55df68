"""Where the extension keeps what moto's backends have no place for: on the backends, so that it goes when they do."""

from __future__ import annotations

from typing import Any


def kept(backend: Any, name: str) -> dict[str, Any]:
    """Give the dictionary of that name on a backend; an empty one the first time."""
    found: dict[str, Any] = backend.__dict__.setdefault(f"extension_{name}", {})
    return found
