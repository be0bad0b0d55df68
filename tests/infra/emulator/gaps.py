"""What moto lacks, told before it is mended, so that the extension shrinks as moto grows.

Every module of this extension first states what stock moto does not do, as an expression that is looked at on the very
moto that runs. The day it holds no more, the emulator does not start, and says which module may go.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import moto

if TYPE_CHECKING:
    from collections.abc import Callable

#: The extension reaches into moto's inside, so it knows one version.
MOTO_VERSION = "5.2.5"


class MotoHasLearntError(Exception):
    """moto does now what a module of the extension was written for: the module, or a part of it, can go."""


def require_known_moto() -> None:
    """Refuse any moto but the one that the extension was written for."""
    if moto.__version__ != MOTO_VERSION:
        raise MotoHasLearntError(
            f"The extension of the emulator was written for moto {MOTO_VERSION}, this is {moto.__version__}: "
            "look through tests/infra/emulator, then change MOTO_VERSION."
        )


def require_lacking(what: str, *, lacking: bool) -> None:
    """Go on only while moto lacks this.

    Args:
        what: What moto does not do, as the rest of the sentence "moto does not …".
        lacking: Whether that is still so.
    """
    if not lacking:
        raise MotoHasLearntError(
            f"Stock moto does {what} by now: mend the extension in tests/infra/emulator."
        )


def require_no_methods(owner: type, *names: str) -> None:
    """Go on only while this class of moto has none of these methods, which are API calls in snake case."""
    for name in names:
        require_lacking(f"{owner.__name__}.{name}", lacking=not hasattr(owner, name))


def takes(function: Callable[..., Any], parameter: str) -> bool:
    """Tell whether a function of moto has a parameter of that name."""
    return parameter in inspect.signature(function).parameters


def reads(function: Callable[..., Any], name: str) -> bool:
    """Tell whether the source of a function of moto mentions a name; where no call of it would show the lack."""
    return name in inspect.getsource(function)


def add(owner: type, name: str, value: Any) -> None:
    """Give a class of moto what it does not have."""
    require_lacking(f"{owner.__name__}.{name}", lacking=not hasattr(owner, name))
    setattr(owner, name, value)


def replace(owner: Any, name: str, value: Any) -> Any:
    """Put something in the place of what moto has there, and return that."""
    stock = getattr(owner, name)
    setattr(owner, name, value)
    return stock
