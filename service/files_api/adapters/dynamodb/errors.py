"""The one table from what DynamoDB refuses, and what botocore raises, to what the domain knows.

Whatever goes wrong, nobody passes: all of it ends in AccessUnavailable, except for a condition that does not hold,
which is an answer that the stores have asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from files_api.domain.errors import AccessUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

log = logging.getLogger(__name__)

_MINUTE_SECONDS = 60.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_PASSING = {
    "InternalServerError",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
# Why a transaction was cancelled, by operation; these are for the stores to judge.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
CONDITION_FALSE = "ConditionalCheckFailed"
_JUDGED_BY_STORES = {"None", CONDITION_FALSE, "TransactionConflict"}
_BUSY_SECONDS = 2
# What an operator has to mend takes longer than that anyway.
_REFUSED_SECONDS = 5


class ConditionFalse(Exception):
    """The item is not as a write wanted it to be. Never leaves the adapter.

    Args:
        item: As it is; empty where that was not asked for.
    """

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__("the condition does not hold")
        self.item = item


class TransactionCanceled(Exception):
    """Nothing of a transaction was done. Never leaves the adapter.

    Args:
        reasons: For each operation `None`, `ConditionalCheckFailed` or `TransactionConflict`.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(f"cancelled: {', '.join(reasons)}")
        self.reasons = reasons


@contextmanager
def translated(table: str) -> Iterator[None]:
    """Turn what is raised inside into the errors of the domain.

    Args:
        table: Which table is asked, for the log.

    Raises:
        AccessUnavailable: DynamoDB cannot be reached, throttles or fails; or refuses for a reason that is the
            operator's, which is also logged as `dynamodb_refused`.
        ConditionFalse: The condition of a single write does not hold.
        TransactionCanceled: That of a transaction, or somebody else was writing at the same moment.
    """
    try:
        yield
    except ClientError as error:
        raise _translate(error, table) from error
    except (BotoConnectionError, HTTPClientError, ResponseParserError) as error:
        raise _busy() from error
    except BotoCoreError as error:
        # Credentials, a region, a parameter: nothing that the caller could mend.
        raise _refused(table, type(error).__name__) from error


def malformed(table: str, item: str, problem: str) -> AccessUnavailable:
    """Make the error for an item that this service cannot have written, and log it.

    Args:
        table: Where it is.
        item: Its `pk`.
        problem: What is wrong with it. Nothing of what stands in it.
    """
    if _now_and_then.may(table, item):
        log.error(
            "an item in DynamoDB is malformed",
            extra={"event": "dynamodb_item_malformed", "table": table, "item": item, "problem": problem},
        )
    return AccessUnavailable("The service cannot look this up now.", _REFUSED_SECONDS)


def _translate(error: ClientError, table: str) -> Exception:
    # The stubs know the members that all errors have, not those of DynamoDB's.
    response = cast("dict[str, Any]", error.response)
    code = str(response.get("Error", {}).get("Code", ""))
    if code == "ConditionalCheckFailedException":
        return ConditionFalse(response.get("Item", {}))
    reasons = {code}
    if code == "TransactionCanceledException":
        given = tuple(str(reason.get("Code")) for reason in response.get("CancellationReasons", ()))
        if given and _JUDGED_BY_STORES.issuperset(given):
            return TransactionCanceled(given)
        reasons = set(given) - _JUDGED_BY_STORES or {code}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == 429 or status >= 500 or reasons <= _PASSING:
        return _busy()
    return _refused(table, " ".join(sorted(reasons - _PASSING)))


def _busy() -> AccessUnavailable:
    return AccessUnavailable("The service cannot look this up now; try again.", _BUSY_SECONDS)


def _refused(table: str, code: str) -> AccessUnavailable:
    if _now_and_then.may(table, code):
        log.error(
            "DynamoDB refuses the service",
            extra={"event": "dynamodb_refused", "table": table, "code": code},
        )
    return AccessUnavailable("The service cannot look this up now.", _REFUSED_SECONDS)


class NowAndThen:
    """Lets one line a minute through about the same thing: every request that fails would have one to write.

    Args:
        clock: Tells seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[tuple[str, ...], float] = {}

    def may(self, *about: str) -> bool:
        """Whether it is time for a line about this."""
        with self._lock:
            now = self._clock()
            self._last = {what: at for what, at in self._last.items() if now - at < _MINUTE_SECONDS}
            if about in self._last:
                return False
            self._last[about] = now
            return True


_now_and_then = NowAndThen()
